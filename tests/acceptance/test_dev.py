"""``headrace dev``: files are edited here, a real server and worker have them there."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.acceptance.commands import PROGRAM, Up, run, start
from tests.acceptance.jobs import deploy, ended
from tests.ground.processes import Process

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

LIBRARY = "def twice(n):\n    return 2 * n\n"
TABLE = """\
from .library import twice

def main(n: int = 2):
    print(f"twice {n}")
    return [{"n": n, "twice": twice(n)}]
"""
FOREVER = "import signal\n\ndef main():\n    print('here', flush=True)\n    signal.pause()\n"


class Workspace:
    """A folder of files in one folder of the server's workspace, so that tests don't meet."""

    def __init__(self, root: Path, name: str) -> None:
        self.root, self.name = root, name
        (root / "f" / name).mkdir(parents=True)

    def path(self, script: str) -> str:
        return f"f/{self.name}/{script}"

    def file(self, script: str) -> Path:
        return self.root / f"{self.path(script)}.py"

    def save(self, script: str, content: str) -> Path:
        """Write a script as editors do: beside the old one, then in its place."""
        file = self.file(script)
        file.parent.mkdir(parents=True, exist_ok=True)
        swap = file.with_name(f".{file.name}.swp")
        swap.write_text(content)
        swap.rename(file)
        return file


@pytest.fixture
def workspace(tmp_path: Path, request: pytest.FixtureRequest) -> Workspace:
    return Workspace(tmp_path / "files", f"dev{abs(hash(request.node.name)) % 10**8}")


async def content_of(server: Up, path: str) -> str:
    async with server.in_workspace() as api:
        return (await api.get(f"/scripts/get/p/{path}")).json()["content"]


@asynccontextmanager
async def watching(server: Up, workspace: Workspace, *arguments: str) -> AsyncIterator[Process]:
    """The command, as soon as it watches; ended afterwards."""
    process = await start("dev", str(workspace.root), *arguments, data_dir=server.data_dir)
    try:
        await process.says(r"^\d\d:\d\d:\d\d  watch ")
        yield process
    finally:
        if process.is_running:
            process.signal(signal.SIGTERM)
        assert await process.ends() == 143, process.output


async def test_files_are_deployed_and_watched_and_what_is_wrong_with_them_is_told(
    server: Up, workspace: Workspace
):
    workspace.save("library", LIBRARY)
    workspace.save("table", TABLE)
    async with watching(server, workspace) as dev:
        assert dev.output.index(f"new        script {workspace.path('library')}") < dev.output.index(
            f"new        script {workspace.path('table')}"
        )
        await dev.says(f"locked     script {workspace.path('table')}, after ")
        assert await content_of(server, workspace.path("table")) == TABLE

        workspace.save("library", "import colorsys\n\ndef twice(n):\n    return n + n # no packages\n")
        await dev.says(f"changed    script {workspace.path('library')}$")
        # Its lock may need more now: the comments of what it imports are other ones.
        await dev.says(f"changed    script {workspace.path('table')}$")

        file = workspace.save("table", "def main():\n    return (\n")
        await dev.says(rf"broken     {re.escape(str(file))}:2:12: is not valid Python: ")
        assert await content_of(server, workspace.path("table")) == TABLE
        workspace.save("table", TABLE)
        await dev.says(f"mended     {re.escape(str(file))}$")

        workspace.file("binary").write_bytes(b"x = '\xff'\n")
        await dev.says(r"binary\.py: is not valid UTF-8 at byte 5$")
        workspace.file("binary").unlink()
        await dev.says(r"mended     .*binary\.py$")
        # The watch is told of a name that is no text by an error.
        workspace.file(os.fsdecode(b"\xff")).touch()
        await dev.says(r"\\xff\.py: must look like")
        workspace.save("no good name", "x = 1\n")
        await dev.says("no good name.py: must look like")

        workspace.save("deeper/still/new", "def main():\n    return 1\n")
        await dev.says(f"new        script {workspace.path('deeper/still/new')}$")
        workspace.file("deeper/still/new").unlink()
        await dev.says(rf"deleted    .*new\.py; the script {workspace.path('deeper/still/new')} stays on")
        assert await content_of(server, workspace.path("deeper/still/new"))
        assert dev.output.count("no good name") == 1


async def test_what_somebody_else_deployed_meanwhile_is_not_overwritten(server: Up, workspace: Workspace):
    workspace.save("mine", "def main():\n    return 1\n")
    async with watching(server, workspace) as dev:
        async with server.in_workspace() as api:
            path = workspace.path("mine")
            head = (await api.get(f"/scripts/get/p/{path}")).json()["hash"]
            theirs = await deploy(api, path, "def main():\n    return 'theirs'\n", parent_hash=head)
        workspace.save("mine", "def main():\n    return 2\n")
        told = await dev.says(f"refused    script {path}: version {theirs} by ")
        assert "a new start deploys the file on top of it" in told
        assert "theirs" in await content_of(server, path)
    again = await run("dev", str(workspace.root), "--once", data_dir=server.data_dir)
    assert again.code == 0, again.errors
    assert re.search(f"changed    script {path}, on top of {theirs} by ", again.output)
    assert "return 2" in await content_of(server, path)


async def test_without_yaml_what_the_server_knows_of_a_script_stays(server: Up, workspace: Workspace):
    path = workspace.path("plain")
    async with server.in_workspace() as api:
        await api.post("/folders/create", json={"name": workspace.name})
        await deploy(api, path, "def main():\n    return 1\n", summary="Its summary", timeout=77)
        workspace.save("plain", "def main():\n    return 2\n")
        told = await run("dev", str(workspace.root), "--once", data_dir=server.data_dir)
        assert told.code == 0, told.output
        script = (await api.get(f"/scripts/get/p/{path}")).json()
    assert (script["summary"], script["timeout"]) == ("Its summary", 77)
    assert "return 2" in script["content"]


async def test_once_deploys_runs_and_ends_with_the_code_of_the_job(server: Up, workspace: Workspace):
    workspace.save("library", LIBRARY)
    file = workspace.save("table", TABLE)
    once = ("dev", str(workspace.root), "--once")
    told = await run(*once, "--run", str(file), "-d", '{"n": 4}', data_dir=server.data_dir)
    assert told.code == 0, told.output
    assert "  │ twice 4\n" in told.output
    assert json.dumps([{"n": 4, "twice": 8}], indent=2) in told.output
    workspace.save("broken", "def main(:\n")
    refused = await run(*once, "--run", workspace.path("table"), data_dir=server.data_dir)
    assert refused.code == 1
    assert re.search(r"broken     .*broken\.py:1:10: is not valid Python", refused.output)
    assert "2 things the server has already" in refused.output
    assert "twice" not in refused.output


async def test_a_workspace_that_is_not_there_is_a_sentence(server: Up, workspace: Workspace):
    refused = await run("dev", str(workspace.root), data_dir=server.data_dir, workspace="nowhere")
    assert (refused.code, "there is no workspace nowhere" in refused.errors) == (66, True)


async def test_another_function_is_called_where_the_server_can_do_that(server: Up, workspace: Workspace):
    async with server.client() as api:
        preview = (await api.get("/openapi.json")).json()["components"]["schemas"]["Preview"]
    workspace.save("parts", "def main():\n    return 'all'\n\ndef part():\n    return 'part'\n")
    arguments = ("--once", "--run", workspace.path("parts"), "--function", "part")
    told = await run("dev", str(workspace.root), *arguments, data_dir=server.data_dir)
    if "entrypoint_function" in preview["properties"]:
        assert (told.code, '"part"' in told.output) == (0, True), told.output
    else:
        assert (told.code, "too old to run another one than main" in told.errors) == (2, True)
    assert '"all"' not in told.output


class Wire:
    """A way to the server that can be cut; on it a token can be made one that nobody knows."""

    def __init__(self, server: Up) -> None:
        self._upstream = int(server.url.rpartition(":")[2])
        self._token = server.token.encode()
        self._listening: asyncio.Server | None = None
        self._links: list[asyncio.Task[None]] = []
        self.port, self.spoils_token = 0, False

    async def open(self) -> None:
        self._listening = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self.port = self._listening.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        if self._listening is not None:
            self._listening.close()
        for link in self._links:
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)
        self._links.clear()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        self._links.append(asyncio.create_task(self._carry(reader, up_writer)))
        self._links.append(asyncio.create_task(self._carry(up_reader, writer)))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                if self.spoils_token:
                    data = data.replace(self._token, b"x" * len(self._token))
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.transport.abort()


async def test_a_server_that_is_away_is_waited_for_and_a_token_that_has_expired_is_the_end(
    server: Up, workspace: Workspace
):
    workspace.save("work", "def main():\n    return 1\n")
    wire = Wire(server)
    await wire.open()
    own = {"url": f"http://127.0.0.1:{wire.port}", "token": server.token, "workspace": server.workspace}
    dev = await start("dev", str(workspace.root), data_dir=server.data_dir, **own)
    try:
        await dev.says("  watch ")
        await wire.cut()
        workspace.save("work", "def main():\n    return 2\n")
        await dev.says("away       no server answers at .*; trying again until it answers$")
        workspace.save("work", "def main():\n    return 3\n")
        await wire.open()
        await dev.says(f"changed    script {workspace.path('work')}$")
        await dev.says("back       the server answers again$")
        assert "return 3" in await content_of(server, workspace.path("work"))
        assert dev.output.count("  away  ") == 1
        wire.spoils_token = True
        workspace.save("work", "def main():\n    return 4\n")
        assert await dev.ends() == 77
        assert "does not accept the token" in dev.output
    finally:
        await dev.end()
        await wire.cut()


class AtTerminal:
    """The command at a terminal of its own, and what it has shown there."""

    def __init__(self, process: asyncio.subprocess.Process, terminal: int) -> None:
        self.process, self._terminal = process, terminal
        self.shown, self._from = "", 0
        self._changed = asyncio.Event()
        asyncio.get_running_loop().add_reader(terminal, self._read)

    async def shows(self, text: str) -> None:
        """Wait for a text, behind the one that was waited for before."""
        try:
            async with asyncio.timeout(40):
                while text not in self.shown[self._from :]:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"waited in vain for {text!r}:\n{self.shown}") from None
        self._from = self.shown.index(text, self._from) + len(text)

    def press(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def _read(self) -> None:
        try:
            self.shown += os.read(self._terminal, 65536).decode(errors="replace")
        except OSError:
            asyncio.get_running_loop().remove_reader(self._terminal)
        self._changed.set()


@asynccontextmanager
async def at_terminal(server: Up, *arguments: str) -> AsyncIterator[AtTerminal]:
    ours, theirs = pty.openpty()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    environ |= {"HEADRACE_DATA_DIR": str(server.data_dir), "TERM": "xterm", "NO_COLOR": "1"}

    def take_terminal() -> None:
        os.setsid()
        os.close(os.open(os.ttyname(theirs), os.O_RDWR))

    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        "dev",
        *arguments,
        env=environ,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=take_terminal,
    )
    os.close(theirs)
    try:
        yield AtTerminal(process, ours)
    finally:
        asyncio.get_running_loop().remove_reader(ours)
        if process.returncode is None:
            process.kill()
        await process.wait()
        os.close(ours)


async def test_at_a_terminal_enter_runs_again_and_ctrl_c_cancels_before_it_ends(
    server: Up, workspace: Workspace
):
    workspace.save("work", "def main(n: int):\n    return {'first': n}\n")
    arguments = (str(workspace.root), "--run", workspace.path("work"), "-d", '{"n": 6}', "--rerun")
    async with at_terminal(server, *arguments) as screen:
        await screen.shows(f"Enter runs {workspace.path('work')}, q ends")
        await screen.shows('"first": 6')
        await screen.shows("success")
        screen.press("\n")
        await screen.shows("success")
        workspace.save("work", "def main(n: int):\n    return {'second': n}\n")
        await screen.shows('"second": 6')
        await screen.shows("success")
        workspace.save("work", FOREVER)
        await screen.shows("│ here")
        screen.press("\x03")
        await screen.shows("canceled")
        screen.press("\x03")
        assert await screen.process.wait() == 130
    job = re.findall(r"job (\S+) canceled", screen.shown)[-1]
    async with server.in_workspace() as api:
        assert (await ended(api, job))["canceled"] is True


async def test_q_ends_with_the_code_of_the_last_job(server: Up, workspace: Workspace):
    workspace.save("good", "def main():\n    return 1\n")
    async with at_terminal(server, str(workspace.root)) as screen:
        await screen.shows("Enter runs the script that was saved last")
        workspace.save("failing", "def main():\n    raise ValueError('no such place')\n")
        await screen.shows(f"new        script {workspace.path('failing')}")
        screen.press("\n")
        await screen.shows("failure")
        screen.press("q")
        assert await screen.process.wait() == 1
