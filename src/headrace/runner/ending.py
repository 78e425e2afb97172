"""The end of a forked job, in the order in which an interpreter ends: threads, atexit, what is left, output.

An interpreter that takes itself apart touches all its memory, which a fork shares with its server: that would
cost more than most jobs. So this does what code can see of it, and leaves the rest to the kernel.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any, NoReturn


def end(status: object, folder: str, last_of_server: str) -> NoReturn:
    """End this process. ``status`` is what ``sys.exit`` takes; ``folder`` holds the job's own modules.

    ``last_of_server`` is the name of the module that was imported last before the job began.
    """
    code = 1
    try:
        code = _exit_code(status)
        _run_what_waits_for_the_end()
        _forget_modules_of(folder, last_of_server)
        code = _flush(code)
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        os._exit(code & 0xFF)


def _exit_code(status: object) -> int:
    if status is None:
        return 0
    if isinstance(status, int):
        return status
    print(status, file=sys.stderr)
    return 1


def _run_what_waits_for_the_end() -> None:
    if "threading" in sys.modules:
        sys.modules["threading"]._shutdown()  # noqa: SLF001 - as an interpreter does
    import atexit

    run: Callable[[], None] = getattr(atexit, "_run_exitfuncs")  # noqa: B009 - as an interpreter does
    run()
    if "logging" in sys.modules:
        sys.modules["logging"].shutdown()


def _forget_modules_of(folder: str, last_of_server: str) -> None:
    """Let go what the script's modules hold, so that files are written and ``__del__`` is called."""
    inside = folder + os.sep
    modules: list[ModuleType] = []
    # Not one look at those of the server: each would copy a page of memory.
    for name, module in reversed(sys.modules.items()):
        if name == last_of_server:
            break
        if str(getattr(module, "__file__", None) or "").startswith(inside):
            modules.append(module)
    if "threading" in sys.modules:
        # Threads that nobody waits for run on for a moment, and no interpreter lets them say what they miss.
        threading: Any = sys.modules["threading"]
        threading.excepthook = _say_nothing
    sys.modules["__main__"].__dict__.clear()
    for module in modules:
        module.__dict__.clear()
    del modules
    import gc

    gc.collect()


def _say_nothing(_: object) -> None:
    pass


def _flush(code: int) -> int:
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except (OSError, ValueError):
            code = code or 120  # as an interpreter ends that can't write
    return code
