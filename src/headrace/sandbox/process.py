"""Starts a program as the worker's own child: in goes a plan, arguments and a cage, out comes a child.

Jobs are started by slot servers instead (``sandbox/slot_server.py``).
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrace.sandbox.cage import Cage, Isolation
from headrace.sandbox.child import Exit
from headrace.sandbox.descriptors import readable
from headrace.sandbox.survivors import Family, end_survivors


@dataclass(frozen=True, slots=True)
class Launch:
    """One process to be started.

    ``command`` is the program with its first arguments; ``plan``, as JSON, becomes the last one, with
    the numbers of the descriptors and the restrictions added. Nothing in either is secret: everybody
    on the machine can read a command line. ``environ`` is the whole environment, ``folder`` the
    current one, ``arguments`` a JSON object in UTF-8.
    """

    command: tuple[str, ...]
    plan: dict[str, Any]
    folder: Path
    environ: dict[str, str]
    arguments: bytes
    cage: Cage


class OwnChild:
    """A process in a session of its own, ours to wait for. Meets ``sandbox.child.Child``."""

    def __init__(self, process: subprocess.Popen[bytes], output: int, answer: int, family: Family) -> None:
        self._process = process
        self._family = family
        self.pid = process.pid
        self.output = output
        """Reading end of what it prints, non-blocking."""
        self.answer = answer
        """Reading end of its result pipe, non-blocking."""

    def wait(self) -> asyncio.Future[Exit]:
        """Its end, to come; asked for once."""
        return asyncio.ensure_future(self._wait())

    async def _wait(self) -> Exit:
        watched = os.pidfd_open(self.pid)
        try:
            await readable(watched)
        finally:
            os.close(watched)
        _, status, usage = os.wait4(self.pid, 0)  # noqa: ASYNC222 - it has ended
        code = os.waitstatus_to_exitcode(status)
        self._process.returncode = code
        return Exit(code if code >= 0 else 128 - code, usage.ru_maxrss)

    def signal(self, number: signal.Signals) -> None:
        """Signal it and all that is still in its process group; it need not be there any more."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            pass
        except PermissionError:
            os.kill(self.pid, number)  # somebody in the group has another uid

    def find_shortage(self) -> None:
        """Nobody counts."""

    async def end_survivors(self) -> bool:
        """Kill what is left of it; False where something can't be ended."""
        return await end_survivors(self._family)

    def close(self) -> None:
        """Close the pipes."""
        os.close(self.output)
        os.close(self.answer)


def start(launch: Launch) -> OwnChild:
    """Start a process; raises OSError where that can't be done.

    It blocks for the milliseconds that this takes, in the thread whose end is to be the child's end.
    """
    arguments = os.memfd_create("arguments", os.MFD_CLOEXEC)
    output, output_end = os.pipe()
    answer, answer_end = os.pipe()
    try:
        _write_all(arguments, launch.arguments)
        plan = launch.plan | {
            "arguments": arguments,
            "result": answer_end,
            "restrictions": _restrictions(launch.cage),
        }
        uid = launch.cage.uid
        process = subprocess.Popen(
            [*launch.command, json.dumps(plan)],
            cwd=launch.folder,
            env=launch.environ,
            stdin=subprocess.DEVNULL,
            stdout=output_end,
            stderr=output_end,
            pass_fds=(arguments, answer_end),
            start_new_session=True,
            user=uid,
            group=uid,
            extra_groups=None if uid is None else [],
        )
    except BaseException:
        os.close(output)
        os.close(answer)
        raise
    finally:
        for descriptor in (arguments, output_end, answer_end):
            os.close(descriptor)
    os.set_blocking(output, False)
    os.set_blocking(answer, False)
    mark = f"WM_JOB_ID={launch.environ.get('WM_JOB_ID', '')}".encode()
    return OwnChild(process, output, answer, Family(process.pid, launch.cage.uid, mark))


def _restrictions(cage: Cage) -> dict[str, Any]:
    """What ``runner/restrict.py`` is to give up."""
    if cage.isolation is Isolation.NONE:
        return {}
    return {"parent": os.getpid(), "no_new_privileges": True, "limits": cage.resource_limits}


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
