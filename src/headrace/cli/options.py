"""Settings from the command line and the environment: every setting is an option and a variable."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import click

from headrace.settings import Secret, Settings, WrongSettings, describe_settings

PREFIX = "HEADRACE_"
DATABASE = ("data_dir", "database_url", "log_level")
"""What everything needs that speaks to the database."""
JOB_LIMITS = (
    "open_files_limit",
    "process_limit",
    "memory_limit_mb",
    "fork_server_memory_mb",
    "cpu_limit_seconds",
    "file_size_limit_mb",
    "disk_limit_mb",
)
"""What a job may take of the machine."""
BLOBS = ("blob_store", "blob_endpoint", "blob_region", "blob_access_key", "blob_secret_key")
"""What everything needs that reads or writes blobs."""

Command = TypeVar("Command", bound=Callable[..., Any])
Parser = Callable[[str], Any]

_KINDS = {
    "int": "a whole number",
    "int | None": "a whole number",
    "float": "a number",
    "bool": "true or false",
}
_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")
_METAVARS = {
    "DIR": ("data_dir",),
    "FILE": ("index_ca_file", "secret_key_file"),
    "URL": ("database_url", "base_url", "index_url", "python_mirror", "blob_store", "blob_endpoint"),
    "URL,URL": ("extra_index_urls",),
    "TOKEN": ("superadmin_token",),
    "KEY": ("secret_key", "blob_access_key", "blob_secret_key"),
    "A,B": ("tags", "include_headers"),
    "W:PATH,W:PATH": ("dedicated",),
    "HOST,HOST": ("index_trusted_hosts", "trusted_hosts"),
    "NET,NET": ("trusted_proxies",),
    "PATH,PATH": ("python_interpreters", "find_links", "shared_folders"),
    "VERSION": ("python_version",),
    "BOOL": ("python_downloads", "index_native_tls"),
    "NAME": ("host", "group", "isolation", "start_jobs_by", "log_level", "blob_region"),
}


def settings_options(*names: str) -> Callable[[Command], Command]:
    """Give a command an option for each of these settings; it gets them as texts, or None where not given.

    ``build_settings`` makes settings of them. Defaults and values of secrets are never shown.
    """
    described = describe_settings()

    def decorate(command: Command) -> Command:
        for name in reversed(names):
            default, sentence = described[name]
            shown = f"[{variable_of(name)}{f'; default: {default}' if default else ''}]"
            command = click.option(
                option_of(name), name, default=None, metavar=_metavar(name), help=f"{sentence}  {shown}"
            )(command)
        return command

    return decorate


def variable_of(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def option_of(name: str) -> str:
    """The option of a setting."""
    return "--" + name.replace("_", "-")


def build_settings(given: Mapping[str, str | None], environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from options, else from the environment, else their defaults.

    An empty variable counts as not set. Raises WrongSettings with every fault at once; the values of
    secrets are not in it.
    """
    values: dict[str, Any] = {}
    faults: list[str] = []
    for item in fields(Settings):
        text = given.get(item.name)
        if text is None:
            text = environ.get(variable_of(item.name)) or None
        if text is None:
            continue
        kind = str(item.type)
        try:
            values[item.name] = _parser(kind)(text)
        except ValueError:
            faults.append(f"{item.name} must be {_KINDS[kind]}, not {text!r}")
    try:
        settings = Settings(**values)
    except WrongSettings as error:
        faults += error.faults
    else:
        if not faults:
            return settings
    raise WrongSettings(faults)


def write_settings(settings: Settings) -> dict[str, str]:
    """The same settings as environment variables, for a child."""
    environ: dict[str, str] = {}
    for item in fields(Settings):
        match getattr(settings, item.name):
            case None:
                pass
            case tuple() as words:
                environ[variable_of(item.name)] = ",".join(words)
            case Secret() as secret:
                environ[variable_of(item.name)] = secret.reveal()
            case value:
                environ[variable_of(item.name)] = str(value)
    return environ


def without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of this process without the settings in it: a child gets those that it is to have."""
    names = {variable_of(item.name) for item in fields(Settings)}
    return {name: value for name, value in environ.items() if name not in names}


def _parser(kind: str) -> Parser:
    parsers: dict[str, Parser] = {
        "int": int,
        "int | None": int,
        "float": _finite,
        "bool": _truth,
        "Path": _path,
        "Path | None": _path,
        "Secret | None": Secret,
        "tuple[str, ...]": lambda text: tuple(word.strip() for word in text.split(",") if word.strip()),
    }
    return parsers.get(kind, str)


def _finite(text: str) -> float:
    number = float(text)
    if number != number or number in (float("inf"), float("-inf")):  # noqa: PLR0124 - this is what NaN is
        raise ValueError(text)
    return number


def _truth(text: str) -> bool:
    word = text.strip().lower()
    if word not in _TRUE + _FALSE:
        raise ValueError(text)
    return word in _TRUE


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _metavar(name: str) -> str:
    return next((shown for shown, names in _METAVARS.items() if name in names), "N")
