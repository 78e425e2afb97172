"""What a fork server imports before any job comes: what its scripts import, and bears it."""

from __future__ import annotations

import ast
import re
from functools import lru_cache

from headrace.runtimes.python_source.syntax import parsing

COMMON = ("ast", "dataclasses", "datetime", "decimal", "inspect", "traceback", "typing")
"""Modules of the standard library that most jobs import, or the runner for them."""
ASYNC = ("asyncio",)
"""It brings ssl along, and with that memory that doubles the price of a fork."""
_HINTS = re.compile(r"async|http|ssl|url|smtp|imap|ftp")

PRELOADED = frozenset({
    "PIL",
    "attr",
    "attrs",
    "bs4",
    "certifi",
    "cryptography",
    "dateutil",
    "httpx",
    "jinja2",
    "lxml",
    "numpy",
    "openpyxl",
    "pandas",
    "psycopg",
    "pydantic",
    "pytz",
    "requests",
    "scipy",
    "sqlalchemy",
    "urllib3",
    "wmill",
    "yaml",
})  # fmt: skip
"""Known to ask neither for the environment nor for the time when they are imported, and to survive a fork:
OpenBLAS starts threads, and starts them again in a child."""
_READ_AT_IMPORT = ("BLIS_", "GOTO_", "MKL_", "NPY_", "NUMEXPR_", "OMP_", "OPENBLAS_", "PANDAS_", "PYDANTIC_")


def is_async(sources: tuple[str, ...]) -> bool:
    """Whether jobs of these sources are likely to import asyncio or ssl: an error costs time and no more."""
    return any(_HINTS.search(source) for source in sources)


def to_preload(sources: tuple[str, ...], environ: dict[str, str]) -> tuple[str, ...]:
    """Top-level packages that all jobs of these sources import first thing, sorted.

    Empty where the job's environment tells one of them how to be.
    """
    if any(name.startswith(_READ_AT_IMPORT) for name in environ):
        return ()
    return _imported(sources)


@lru_cache(maxsize=1000)
def _imported(sources: tuple[str, ...]) -> tuple[str, ...]:
    names: set[str] = set()
    for source in sources:
        try:
            with parsing():
                tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue  # of a newer Python, or none at all: the job says so
        for statement in tree.body:
            if isinstance(statement, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in statement.names}
            elif isinstance(statement, ast.ImportFrom) and not statement.level and statement.module:
                names.add(statement.module.partition(".")[0])
    return tuple(sorted(names & PRELOADED))
