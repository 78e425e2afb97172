"""Packages as they are published, of every kind of build: locked, installed and used in a job.

They come from the index that pip is set to. Each script imports what it needs and nothing names it.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from headrace.model.outcome import Status
from headrace.runtimes.base import Attempt, Code, Folders, LockFailed, Runtime
from headrace.runtimes.isolation import find_isolation
from headrace.runtimes.registry import make_runtimes
from headrace.sandbox.cage import Stop
from headrace.sandbox.slots import Slots, open_slots
from headrace.settings import Settings
from tests.ground.installer import Log

pytestmark = [pytest.mark.long, pytest.mark.timeout(600), pytest.mark.asyncio(loop_scope="module")]

USES: dict[str, tuple[str, Any]] = {
    "numpy, C and Fortran": (
        """
import numpy as np
def main(): return round(float(np.linalg.det(np.eye(3) * 2)))
""",
        8,
    ),
    "pandas, C on numpy": (
        """
import pandas as pd
def main(): return pd.DataFrame({'a': [1, 2]}).a.sum().item()
""",
        3,
    ),
    "pydantic, Rust": (
        """
from pydantic import BaseModel
class Day(BaseModel):
    rain: float
def main(): return Day(rain='1.5').rain
""",
        1.5,
    ),
    "requests, pure": (
        """
import requests
def main():
    return requests.Request('GET', 'http://a/', params={'b': 1}).prepare().url
""",
        "http://a/?b=1",
    ),
    "psycopg, C with its libraries": (
        """
import psycopg
def main(): return psycopg.pq.__impl__
""",
        "binary",
    ),
    "pillow, C with its libraries": (
        """
import io
from PIL import Image
def main():
    file = io.BytesIO()
    Image.new('RGB', (2, 3)).save(file, 'PNG')
    return list(Image.open(file).size)
""",
        [2, 3],
    ),
    "lxml, Cython": (
        """
from lxml import etree
def main(): return etree.fromstring('<a><b/></a>')[0].tag
""",
        "b",
    ),
    "cryptography, Rust and cffi": (
        """
from cryptography.fernet import Fernet
def main():
    f = Fernet(Fernet.generate_key())
    return f.decrypt(f.encrypt(b'x')).decode()
""",
        "x",
    ),
    "httpx, pure": (
        """
import httpx
def main(): return httpx.URL('http://a/b').path
""",
        "/b",
    ),
    "pyyaml, another name": (
        """
import yaml
def main(): return yaml.safe_load('a: [1]')
""",
        {"a": [1]},
    ),
    "sqlalchemy, Cython": (
        """
import sqlalchemy as sa
def main():
    with sa.create_engine('sqlite://').connect() as c:
        return c.execute(sa.text('select 7')).scalar()
""",
        7,
    ),
    "beautifulsoup4, another name": (
        """
from bs4 import BeautifulSoup
def main(): return BeautifulSoup('<p>x', 'html.parser').p.text
""",
        "x",
    ),
    "orjson, Rust": (
        """
import orjson
def main(): return orjson.loads(orjson.dumps([1]))
""",
        [1],
    ),
    "polars, Rust": (
        """
import polars as pl
def main(): return pl.Series([1, 2]).sum()
""",
        3,
    ),
    "protobuf, namespace google": (
        """
from google.protobuf import struct_pb2
def main():
    s = struct_pb2.Struct()
    s['a'] = 1
    return s['a']
""",
        1.0,
    ),
    "google-auth and protobuf, one namespace": (
        """
import google.auth.credentials
from google.protobuf import empty_pb2
def main(): return google.auth.credentials.AnonymousCredentials().valid
""",
        True,
    ),
    "azure-core, namespace azure": (
        """
from azure.core.credentials import AzureKeyCredential
def main():
    return AzureKeyCredential('k').key
""",
        "k",
    ),
    "matplotlib, data files": (
        """
import io
import matplotlib
matplotlib.use('Agg')
import matplotlib.pyplot as plt
def main():
    plt.plot([1, 2])
    file = io.BytesIO()
    plt.savefig(file, format='png')
    return file.getvalue()[1:4].decode()
""",
        "PNG",
    ),
    "certifi, a data file": (
        """
import certifi
def main(): return 'BEGIN CERTIFICATE' in open(certifi.where()).read()
""",
        True,
    ),
    "tzdata, data files alone": (
        """
import importlib.resources
import tzdata
def main():
    return (importlib.resources.files('tzdata') / 'zoneinfo' / 'UTC').is_file()
""",
        True,
    ),
    "black, a console script": (
        """
# requirements:
# black
import subprocess
def main():
    return subprocess.run(['black', '-q', '-'], input='x=1', stdout=-1, text=True, check=True).stdout
""",
        "x = 1\n",
    ),
    "rich, another Python as a child": (
        """
import subprocess, sys
import rich
def main():
    program = 'import rich; rich.print("[b]x[/b]")'
    return subprocess.check_output([sys.executable, '-c', program], text=True)
""",
        "x\n",
    ),
    "regex, C": (
        """
import regex
def main(): return regex.findall(r'\\p{Lu}', 'aBÇ')
""",
        ["B", "Ç"],
    ),
    "cffi, C with a shared library": (
        """
import cffi
def main():
    ffi = cffi.FFI()
    ffi.cdef('int abs(int);')
    return ffi.dlopen(None).abs(-3)
""",
        3,
    ),
    "zope.interface, namespace zope": (
        """
# requirements:
# zope.interface
import zope.interface
class I(zope.interface.Interface): pass
def main(): return I.__name__
""",
        "I",
    ),
    "scipy, Fortran": (
        """
from scipy import optimize
def main(): return round(optimize.brentq(lambda x: x * x - 4, 0, 9), 6)
""",
        2.0,
    ),
    "docopt, no wheel": (
        """
from docopt import docopt
def main(): return docopt('Usage: x', [])
""",
        {},
    ),
}


@dataclass
class Bench:
    """A runtime with a slot, as a worker has them, and a data folder for all tests."""

    runtime: Runtime
    slots: Slots


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    """Holds the folders of a worker."""
    root = Path(tempfile.mkdtemp(dir="/tmp"))
    root.chmod(0o755)
    yield root
    shutil.rmtree(root)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(root: Path) -> AsyncIterator[Bench]:
    settings = Settings(slots=1)
    slots = open_slots(settings, await find_isolation("auto"))
    folders = Folders(root / "shared", root / "cache", root / "jobs")
    runtimes = await make_runtimes(folders, slots, settings)
    bench = Bench(runtimes.get("python3"), slots)
    try:
        await _lock(bench, "import six", Log())
    except LockFailed as error:
        pytest.skip(f"no package index: {error}")
    yield bench
    await runtimes.close()


async def _lock(bench: Bench, content: str, log: Log) -> str:
    async with bench.slots.take() as cage:
        return await bench.runtime.lock(Code(content, "python3"), cage, log, Stop())


@pytest.mark.parametrize("name", USES)
async def test_a_package_is_locked_installed_and_used(bench: Bench, name: str):
    content, result = USES[name]
    log = Log()
    lock = await _lock(bench, content, log)
    assert "--hash=sha256:" in lock
    assert "Ready after" in log.text, log.text

    async def note_memory(_peak: int) -> None:
        pass

    code = Code(content, "python3", lock=lock)
    output = Log()
    async with bench.slots.take() as cage:
        attempt = Attempt("a-job-1", code, b"{}", {"LANG": "C.UTF-8"}, 120, cage, Stop(), note_memory)
        outcome = await bench.runtime.run(attempt, output)
    assert (outcome.status, json.loads(outcome.result)) == (Status.SUCCESS, result), output.text
