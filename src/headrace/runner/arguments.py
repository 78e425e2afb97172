"""From a JSON object to the parameters of ``main``, in the types it asks for.

A value that is of its parameter's type already costs nothing here; for the others there is ``conversion``.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_TAKES_MORE, _TAKES_ANY_KEY = 0x04, 0x08
"""Flags of a code object whose function has ``*args``, ``**kwargs``."""
_PLAIN: dict[Any, type] = {"str": str, "int": int, "float": float, "bool": bool, "list": list, "dict": dict}


class ArgumentError(ValueError):
    """An argument is missing, or can't be what its parameter asks for."""


class _Parameters:
    """What a function takes: names, those without a default, hints, and the names that hints are written in.

    ``any_key`` is the name of ``**kwargs``, None without it.
    """

    def __init__(self, names: list[str], required: list[str], any_key: str | None) -> None:
        self.names, self.required, self.any_key = names, required, any_key
        self.hints: dict[str, Any] = {}
        self.scope: dict[str, Any] = {}


def convert_arguments(entry: Callable[..., Any], given: dict[str, Any]) -> dict[str, Any]:
    """The arguments for a call of ``entry``, by name. Keys that it does not know are left out.

    A parameter that takes None and has no default is given None where it is missing. Raises ArgumentError
    naming the parameter that is missing or wrong, and the place in it.
    """
    parameters = _parameters(entry)
    wanted = {name: given[name] for name in parameters.names if name in given}
    if missing := [name for name in parameters.required if name not in given]:
        wanted |= dict.fromkeys(_optional(missing, parameters))
    hints, scope = parameters.hints, parameters.scope
    converted = {name: _converted(name, value, hints.get(name), scope) for name, value in wanted.items()}
    if parameters.any_key is not None:
        hint = hints.get(parameters.any_key)
        more = {name: value for name, value in given.items() if name not in parameters.names}
        converted |= {name: _converted(name, value, hint, scope) for name, value in more.items()}
    return converted


def call_with(entry: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    """Call ``entry`` with what ``convert_arguments`` gave, positional-only parameters by their position."""
    code: Any = getattr(entry, "__code__", None)
    if not _is_plain(entry) or not code.co_posonlyargcount:
        return entry(**arguments)
    defaults: tuple[Any, ...] = getattr(entry, "__defaults__", None) or ()
    first = code.co_argcount - len(defaults)
    positional = [
        arguments.pop(name) if name in arguments else defaults[place - first]
        for place, name in enumerate(code.co_varnames[: code.co_posonlyargcount])
    ]
    return entry(*positional, **arguments)


def _parameters(entry: Callable[..., Any]) -> _Parameters:
    if not _is_plain(entry):
        return _inspected(entry)
    code: Any = getattr(entry, "__code__", None)
    named = code.co_argcount + code.co_kwonlyargcount
    names = code.co_varnames[:named]
    positional, keyword = names[: code.co_argcount], names[code.co_argcount :]
    defaults = len(entry.__defaults__ or ())
    required = [
        *positional[: len(positional) - defaults],
        *(name for name in keyword if name not in (entry.__kwdefaults__ or {})),
    ]
    rest = named + bool(code.co_flags & _TAKES_MORE)
    found = _Parameters(
        list(names), required, code.co_varnames[rest] if code.co_flags & _TAKES_ANY_KEY else None
    )
    found.hints, found.scope = _hints(entry), entry.__globals__
    return found


def _is_plain(entry: Callable[..., Any]) -> bool:
    """Whether it is a function whose code tells what it takes: no method with its object, nothing wrapped."""
    return hasattr(entry, "__code__") and not hasattr(entry, "__wrapped__") and not hasattr(entry, "__self__")


def _inspected(entry: Callable[..., Any]) -> _Parameters:
    """The same for what is no plain function; slower, because it needs ``inspect``."""
    from inspect import Parameter, signature, unwrap

    try:
        parameters = signature(entry).parameters.values()
    except (ValueError, TypeError):  # something built in, which does not tell
        return _Parameters([], [], "")
    if names := [p.name for p in parameters if p.kind is Parameter.POSITIONAL_ONLY]:
        raise ArgumentError(f"{', '.join(names)}: positional-only parameters can't be given by name")
    rest = [p.name for p in parameters if p.kind is Parameter.VAR_KEYWORD]
    named = [p for p in parameters if p.kind in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)]
    required = [p.name for p in named if p.default is Parameter.empty]
    found = _Parameters([p.name for p in named], required, rest[0] if rest else None)
    found.hints = {p.name: p.annotation for p in parameters if p.annotation is not Parameter.empty}
    inner: Any = unwrap(entry)
    inner = getattr(inner, "func", inner)  # of functools.partial
    module = sys.modules.get(getattr(inner, "__module__", None) or type(inner).__module__)
    found.scope = getattr(inner, "__globals__", None) or getattr(module, "__dict__", {})
    return found


def _hints(entry: Callable[..., Any]) -> dict[str, Any]:
    try:
        return entry.__annotations__
    except AttributeError:
        return {}
    except Exception:
        # From Python 3.14 on they are evaluated now, and a name may exist for type checkers only.
        from . import conversion

        return conversion.hints_of(entry)


def _optional(missing: list[str], parameters: _Parameters) -> list[str]:
    """Those that are missing, if all of them take None; raises ArgumentError naming those that don't."""
    from . import conversion

    hints, scope = parameters.hints, parameters.scope
    wanted = [name for name in missing if name not in hints or not conversion.takes_none(hints[name], scope)]
    if wanted:
        raise ArgumentError(f"{', '.join(wanted)}: required, and missing in the arguments")
    return missing


def _converted(name: str, value: Any, hint: Any, scope: dict[str, Any]) -> Any:
    kind = type(value)
    if value is None or hint is None or kind is hint:
        return value
    if kind is _PLAIN.get(hint if isinstance(hint, str) else None) and hint not in scope:
        return value
    from . import conversion

    try:
        return conversion.convert(value, hint, scope, name)
    except conversion.Mismatch as error:
        raise ArgumentError(f"{error.place}: {error.problem}") from error.__cause__
    except RecursionError:
        raise ArgumentError(f"{name}: nested too deeply to be converted") from None
