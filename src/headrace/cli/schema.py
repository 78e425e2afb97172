"""``headrace schema``: the JSON schema of a function's arguments, from its source."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from headrace.errors import InvalidInput, NotFound
from headrace.runtimes.python_source.functions import read_python
from headrace.runtimes.python_source.schema import schema_of
from headrace.runtimes.python_source.signature import read_signature

_STANDARD_INPUT = "-"


@click.command
@click.argument("file", metavar="FILE")
@click.option(
    "--function", default="main", show_default=True, metavar="NAME", help="The function to look at."
)
def schema(file: str, function: str) -> None:
    """Print the JSON schema of the arguments that a Python function takes.

    It is what a deployment of FILE would store. The file is read, not run; - is standard input.
    """
    signature = read_signature(read_python(_read(file), file).tree, function)
    if signature.error is not None:
        raise InvalidInput(file, signature.error.removeprefix("the script "))
    if signature.is_open:
        click.echo(f"headrace: {file}: {function} is made elsewhere, so any arguments may do", err=True)
    click.echo(json.dumps(schema_of(signature), ensure_ascii=False, indent=2))


def _read(file: str) -> str:
    try:
        data = sys.stdin.buffer.read() if file == _STANDARD_INPUT else Path(file).read_bytes()
        return data.decode("utf-8-sig")
    except FileNotFoundError:
        raise NotFound(f"{file}: there is no such file") from None
    except OSError as error:
        raise InvalidInput(file, f"can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InvalidInput(file, f"is not valid UTF-8 at byte {error.start}") from None
