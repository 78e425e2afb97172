"""The jobs of the soak: what each kind does, how often it comes, and what must become of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

SCRIPT = """
import os
import signal
import time

ATTEMPT = int(os.environ["WM_TOKEN"].split("_")[2])


def note(witness, what):
    process = f"{os.getpid()}@{os.stat('/proc/self/ns/pid').st_ino}"
    file = os.open(witness, os.O_WRONLY | os.O_APPEND)
    os.write(file, f"{what} {os.environ['WM_JOB_ID']} {ATTEMPT} {process} {time.monotonic_ns()}\\n".encode())
    os.close(file)


def fine(number):
    return number

def raises(number):
    raise ValueError(f"number {number}")

def exits(number):
    os._exit(3)

def kills_itself(number):
    os.kill(os.getpid(), signal.SIGKILL)

def floods_its_log(number):
    for _ in range(3000):
        print("x" * 499)
    return number

def leaves_children(number):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            time.sleep(3600)
        os._exit(0)
    os.wait()
    return number

def forks_a_bomb(number):
    try:
        while True:
            if os.fork() == 0:
                os.setsid()
                time.sleep(3600)
    except BlockingIOError:
        return number

def fills_its_disk(number):
    try:
        with open("large", "wb") as file:
            while True:
                file.write(bytes(1_000_000))
    except OSError as error:
        os.remove("large")
        os.makedirs("a/" * 100)
        return number if error.errno == 28 else None

def takes_memory(number):
    blocks = []
    while True:
        blocks.append(bytearray(8_000_000))

def returns_much(number):
    return "y" * 300_000

def returns_too_much(number):
    return "z" * 2_000_000

def takes_too_long(number):
    signal.signal(signal.SIGTERM, signal.SIG_IGN if number % 2 else signal.SIG_DFL)
    time.sleep(3600)

def is_canceled(number):
    time.sleep(3600)


def main(witness: str, kind: str, number: int):
    note(witness, "start")
    value = globals()[kind](number)
    note(witness, "end")
    return value
"""


@dataclass(frozen=True)
class Kind:
    """One kind of job.

    Of each hundred ``share`` are such. Its end must have a status, and be as ``fits`` says: given the number
    of the job, and the beginning of its result as text.
    """

    share: int
    status: str
    fits: Callable[[int, str], bool]
    query: str = ""


def _returns(number: int, result: str) -> bool:
    return json.loads(result) == number


def _fails_with(name: str) -> Callable[[int, str], bool]:
    return lambda _number, result: result.startswith(f'{{"error": {{"name": "{name}"')


KINDS = {
    "fine": Kind(54, "success", _returns),
    "raises": Kind(8, "failure", _fails_with("ValueError")),
    "exits": Kind(5, "failure", _fails_with("ExecutionErr")),
    "kills_itself": Kind(5, "failure", _fails_with("ExecutionErr")),
    "floods_its_log": Kind(4, "success", _returns),
    "leaves_children": Kind(8, "success", _returns),
    "forks_a_bomb": Kind(3, "success", _returns),
    "fills_its_disk": Kind(3, "success", _returns),
    "takes_memory": Kind(3, "failure", _fails_with("OutOfMemory")),
    "returns_much": Kind(3, "success", lambda _, result: result.startswith('"yyy')),
    "returns_too_much": Kind(1, "failure", _fails_with("ResultTooLarge")),
    "takes_too_long": Kind(1, "failure", _fails_with("Timeout"), "&timeout=1"),
    "is_canceled": Kind(2, "canceled", _fails_with("Canceled")),
}
_MIXED = [name for name, kind in KINDS.items() for _ in range(kind.share)]


def kind_of(number: int) -> str:
    """The kind of a job by its number: all kinds come in each hundred, well mixed."""
    return _MIXED[number * 37 % len(_MIXED)]


def preview(number: int, tag: str, lock: str, witness: dict[str, Any]) -> dict[str, Any]:
    """The body of a request that runs a job."""
    args = witness | {"kind": kind_of(number), "number": number}
    return {"content": SCRIPT, "language": "python3", "lock": lock, "tag": tag, "args": args}
