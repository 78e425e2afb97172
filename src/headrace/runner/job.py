"""One job, from the process's first line to its result: restrict, read, convert, call, answer."""

from __future__ import annotations

import importlib.machinery
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
    from types import ModuleType
    from typing import Any

_ENTRY_ARGUMENT = "_ENTRYPOINT_OVERRIDE"
"""The argument by which a caller chose the function; it is no argument of that function."""


def run_alone() -> None:
    """Be the job in an interpreter that was started for it. ``sys.argv[1]`` is the plan, as JSON.

    Beside what ``run`` needs it may have ``restrictions`` (see ``restrict``).
    """
    plan = json.loads(sys.argv[1])
    for descriptor in (plan["arguments"], plan["result"]):
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - it takes no keyword
    restrict.apply(plan.get("restrictions", {}))
    look_like_an_interpreter()
    sys.exit(run(plan))  # pyright: ignore[reportArgumentType] - whatever the script gave it


def run(plan: dict[str, Any]) -> object:
    """Run a job and answer; returns what ``sys.exit`` is to be given.

    Keys of the plan are ``arguments`` and ``result`` (descriptors), ``folder`` (the job's, holds its code),
    ``file`` (in it), ``module`` (what it is called), ``path`` (folders to import from besides), ``entry``
    (the function), ``preprocess`` (whether ``preprocessor`` comes first).
    """
    owner = os.getpid()
    status: object = None
    try:
        with os.fdopen(plan["arguments"], "rb") as file:
            given = json.loads(file.read())
        _look_like_a_script(plan)
        answer = channel.RESULT, encode_result(_call(plan, given))
    except BaseException as error:
        answer = channel.ERROR, describe(error, plan["folder"])
        status = error.code if isinstance(error, SystemExit) else 1
    # A child that the script forked may come this way too; only the job itself answers.
    if os.getpid() == owner:
        _flush()
        channel.send(plan["result"], *answer)
    return status


def look_like_an_interpreter() -> None:
    """What code sees of the interpreter is what it would see if a person had started it."""
    del sys.path[0]
    # Whole lines of stdout and stderr come in the order in which they were printed.
    streams: tuple[Any, ...] = (sys.stdout, sys.stderr)
    for stream in streams:
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    import site

    site.setquit()
    site.sethelper()
    _replace_main()


def _replace_main() -> None:
    """The module that a program begins in, with nothing in it of what the interpreter was told to do."""
    main: Any = type(sys)("__main__")
    main.__builtins__ = sys.modules["builtins"]
    sys.modules["__main__"] = main


def import_from(folders: list[str]) -> None:
    """Import from these folders, too: behind the standard library, so that none of it can be replaced."""
    for folder in folders:
        if folder in sys.path:
            continue
        sys.path.append(folder)
        if any(name.endswith(".pth") for name in os.listdir(folder)):
            import site

            site.addsitedir(folder)


def _look_like_a_script(plan: dict[str, Any]) -> None:
    sys.path.insert(0, plan["folder"])
    import_from(plan["path"])
    sys.argv[:] = [os.path.join(plan["folder"], plan["file"])]


def _call(plan: dict[str, Any], given: dict[str, Any]) -> Any:
    given.pop(_ENTRY_ARGUMENT, None)
    module = _load(plan)
    if plan.get("preprocess"):
        given = _preprocessed(_function(module, "preprocessor"), plan["result"], given)
    entry = _function(module, plan["entry"])
    return _settled(call_with(entry, convert_arguments(entry, given)), plan["result"])


def _preprocessed(preprocessor: Callable[..., Any], result: int, given: dict[str, Any]) -> dict[str, Any]:
    """What the preprocessor makes of the event: the arguments of ``main``.

    It is given the event as ``event``, and the keys of the event's body by their names.
    """
    body = given["event"].get("body")
    offered = (body if isinstance(body, dict) else {}) | given
    made = encode_result(_settled(call_with(preprocessor, convert_arguments(preprocessor, offered)), None))
    arguments = json.loads(made)
    if not isinstance(arguments, dict):
        raise ArgumentError("the preprocessor has to return an object, with the arguments of main by name")
    channel.note(result, channel.ARGUMENTS, made)
    return arguments


def _settled(value: Any, result: int | None) -> Any:
    """What comes of a value that has to be awaited or gone through first.

    Strings of a generator are told over ``result`` while they come, where there is one.
    """
    kind = type(value)
    if hasattr(kind, "__await__") or hasattr(kind, "__aiter__"):
        import asyncio

        value = asyncio.run(_awaited(value, result))
    if hasattr(type(value), "gi_code") and result is not None:
        from .generators import collect

        return collect(value, result)
    return value


async def _awaited(value: Any, result: int | None) -> Any:
    while hasattr(type(value), "__await__"):
        value = await value
    if not hasattr(type(value), "__aiter__"):
        return value
    if hasattr(type(value), "ag_code") and result is not None:
        from .generators import collect_async

        return await collect_async(value, result)
    return [item async for item in value]


def _load(plan: dict[str, Any]) -> ModuleType:
    file = os.path.join(plan["folder"], plan["file"])
    loader = importlib.machinery.SourceFileLoader(plan["module"], file)
    spec: Any = importlib.util.spec_from_file_location(plan["module"], file, loader=loader)
    module = importlib.util.module_from_spec(spec)
    if os.path.isdir(below := file.removesuffix(".py")):
        module.__path__ = [below]  # scripts whose paths begin with its own can be imported beside it
    sys.modules[plan["module"]] = module
    loader.exec_module(module)
    return module


def _function(module: ModuleType, name: str) -> Callable[..., Any]:
    function = getattr(module, name, None)
    if not callable(function):
        raise ArgumentError(f"the script has no function named {name}, so there is nothing to run")
    return function


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass  # closed by the script
