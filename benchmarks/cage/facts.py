"""What a recipe gives: asked of jobs that try."""

from __future__ import annotations

import os
import select
import signal
from pathlib import Path
from typing import Any
from uuid import uuid4

from benchmarks.cage.ground import Site
from benchmarks.cage.recipes import RECIPES
from benchmarks.cage.server import Account, Ended, Slot, Started

_LOOK = """
import ctypes, errno, os
lines = open("/proc/self/status").read().splitlines()
status = dict(line.split(":\\t", 1) for line in lines if ":\\t" in line)
uid = os.getuid()
libc = ctypes.CDLL(None, use_errno=True)
libc.unshare(0x10000000)
refused = ctypes.get_errno()
try:
    open(arguments["environment"] + "/written", "w").close()
    environment = "writable"
except OSError as error:
    environment = errno.errorcode[error.errno]
result = {
    "pid": os.getpid(),
    "uid": uid,
    "others": len([name for name in os.listdir("/proc") if name.isdigit()]) - 1,
    "seccomp": status["Seccomp"] == "2",
    "no_new_privs": status["NoNewPrivs"] == "1",
    "capabilities": int(status["CapEff"], 16),
    "new user namespace": errno.errorcode.get(refused, "allowed"),
    "environment": environment,
}
"""
_LEAVE_FILES = """
for folder in ("/tmp", "/dev/shm"):
    open(f"{folder}/{arguments['name']}", "w").close()
"""
_FIND_FILES = """
import os
result = [folder for folder in ("/tmp", "/dev/shm") if os.path.exists(f"{folder}/{arguments['name']}")]
"""
# A daemon as in the books: it keeps the job's log open, which is how it is noticed.
_LEAVE_DAEMON = """
import os, signal, time
ready, tell = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.write(tell, b"r")
        time.sleep(2)
        os._exit(0)
    os._exit(0)
os.read(ready, 1)
"""
_LEAVE_ORPHAN = """
import os, time
ready, tell = os.pipe()
alive, hold = os.pipe()
child = os.fork()
if child == 0:
    orphan = os.fork()
    if orphan == 0:
        time.sleep(0.02)
        os._exit(0)
    os.write(tell, str(orphan).encode())
    os._exit(0)
os.waitpid(child, 0)
os.close(hold)
orphan = int(os.read(ready, 20))
os.read(alive, 1)
time.sleep(0.05)
try:
    result = open(f"/proc/{orphan}/stat").read().rsplit(")", 1)[1].split()[0] == "Z"
except OSError:
    result = False
"""
_ENDS = {
    "exit(7)": "raise SystemExit(7)",
    "SIGTERM to itself": "import os; os.kill(os.getpid(), 15)",
    "SIGKILL to itself": "import os; os.kill(os.getpid(), 9)",
    "abort()": "import os; os.abort()",
    "segfault": "import ctypes; ctypes.string_at(0)",
}
_SLEEP = "import time; time.sleep(1)"


def facts(site: Site, account: Account, recipe: str) -> dict[str, Any]:
    """Everything asked, by name; raises RuntimeError where a server can't be set up."""
    slot = Slot(account, RECIPES[recipe](site.ground(account)), 0)
    try:
        if slot.failure:
            raise RuntimeError(slot.failure)
        found: dict[str, Any] = slot.run({"environment": str(site.environment)}, _LOOK).result
        (site.environment / "written").unlink(missing_ok=True)
        found |= _files(slot)
        found["daemon survives"] = not slot.run(None, _LEAVE_DAEMON).log_closed
        found["orphan stays a zombie"] = slot.run(None, _LEAVE_ORPHAN).result
        found |= {name: _end(slot.run(None, code)) for name, code in _ENDS.items()}
        found["SIGTERM from outside"] = _end(slot.run(None, _SLEEP, signal_after=(signal.SIGTERM, 0.05)))
        found["SIGKILL from outside"] = _end(slot.run(None, _SLEEP, signal_after=(signal.SIGKILL, 0.05)))
    finally:
        slot.close()
    found["dies with the server"] = _dies_with(site, account, recipe, own_parent=False)
    found["dies with its parent"] = _dies_with(site, account, recipe, own_parent=True)
    return found


def _files(slot: Slot) -> dict[str, Any]:
    """Where a job's files in the two shared folders can be seen afterwards."""
    name = f"cage-{uuid4()}"
    slot.run({"name": name}, _LEAVE_FILES)
    outside = [folder for folder in (Path("/tmp"), Path("/dev/shm")) if (folder / name).exists()]
    inside = slot.run({"name": name}, _FIND_FILES).result
    for folder in outside:
        (folder / name).unlink()
    return {"seen outside": [str(folder) for folder in outside], "seen by the next job": inside}


def _end(ended: Ended) -> str:
    code = os.waitstatus_to_exitcode(ended.status)
    if code == 0:
        return "goes on"
    return signal.Signals(-code).name if code < 0 else f"exit {code}"


def _dies_with(site: Site, account: Account, recipe: str, *, own_parent: bool) -> bool:
    """Whether job and daemon are gone a second after the server died (or whoever forked the job)."""
    slot = Slot(account, RECIPES[recipe](site.ground(account)), 0)
    started = slot.start(None, f"{_LEAVE_DAEMON}\nos.write(1, b'ready')\ntime.sleep(2)")
    os.read(started.log, 5)
    os.kill(_parent(started.pidfd) if own_parent else slot.pid, signal.SIGKILL)
    gone = _is_gone(started)
    for descriptor in (started.pidfd, started.result, started.log):
        os.close(descriptor)
    slot.close()
    return gone


def _parent(pidfd: int) -> int:
    """Its pid in our eyes."""
    pid = _field(f"/proc/self/fdinfo/{pidfd}", "Pid")
    return _field(f"/proc/{pid}/status", "PPid")


def _field(file: str, name: str) -> int:
    lines = Path(file).read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1])


def _is_gone(started: Started) -> bool:
    if not select.select([started.pidfd], [], [], 1)[0]:
        return False
    readable = select.select([started.log], [], [], 1)[0]
    return bool(readable) and os.read(started.log, 1) == b""
