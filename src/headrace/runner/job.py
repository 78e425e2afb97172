"""One job, from the process's first line to its result: restrict, read, convert, call, answer."""

from __future__ import annotations

import importlib.util
import json
import os
import sys

from . import channel, restrict
from .arguments import ArgumentError, call_with, convert_arguments
from .encoding import encode_result
from .failures import describe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def run() -> None:
    """Be the job. ``sys.argv[1]`` is the plan, as JSON without secrets.

    Its keys are ``arguments`` and ``result`` (descriptors), ``folder`` (the job's, holds its code), ``file``
    (in it), ``module`` (what it is called), ``path`` (folders to import from besides), ``entry`` (the
    function), ``restrictions`` (see ``restrict``).
    """
    plan = json.loads(sys.argv[1])
    for descriptor in (plan["arguments"], plan["result"]):
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - it takes no keyword
    restrict.apply(plan["restrictions"])
    with os.fdopen(plan["arguments"], "rb") as file:
        given = json.loads(file.read())
    _look_like_a_script(plan)
    owner = os.getpid()
    try:
        result = encode_result(_call(plan, given))
        answer, status = (channel.RESULT, result), 0
    except BaseException as error:
        answer = channel.ERROR, describe(error, plan["folder"])
        status = error.code if isinstance(error, SystemExit) else 1
    # A child that the script forked may come this way too; only the job itself answers.
    if os.getpid() == owner:
        _flush()
        channel.send(plan["result"], *answer)
    if status != 0:
        sys.exit(status)


def _look_like_a_script(plan: dict[str, Any]) -> None:
    """What code sees is what it would see if it had been started by itself."""
    del sys.path[0]
    sys.path.insert(0, plan["folder"])
    # Behind the standard library, as site-packages are: a package can't replace a part of it.
    sys.path += plan["path"]
    sys.argv[:] = [os.path.join(plan["folder"], plan["file"])]
    # Whole lines of stdout and stderr come in the order in which they were printed.
    streams: tuple[Any, ...] = (sys.stdout, sys.stderr)
    for stream in streams:
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    import site

    site.setquit()
    site.sethelper()
    for folder in plan["path"]:
        if any(name.endswith(".pth") for name in os.listdir(folder)):
            site.addsitedir(folder)


def _call(plan: dict[str, Any], given: dict[str, Any]) -> Any:
    entry = _load(plan)
    value = call_with(entry, convert_arguments(entry, given))
    if hasattr(value, "__await__"):
        import asyncio

        return asyncio.run(_awaited(value))
    if hasattr(value, "__aiter__"):
        import asyncio

        return asyncio.run(_collected(value))
    return value


async def _awaited(value: Any) -> Any:
    return await value


async def _collected(value: Any) -> Any:
    return [item async for item in value]


def _load(plan: dict[str, Any]) -> Callable[..., Any]:
    file = os.path.join(plan["folder"], plan["file"])
    spec = importlib.util.spec_from_file_location(plan["module"], file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{plan['file']} can't be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[plan["module"]] = module
    spec.loader.exec_module(module)
    entry = getattr(module, plan["entry"], None)
    if not callable(entry):
        raise ArgumentError(f"the script has no function named {plan['entry']}, so there is nothing to run")
    return entry


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass  # closed by the script
