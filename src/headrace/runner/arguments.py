"""From a JSON object to the parameters of ``main``, in the types it asks for."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_TAKES_ANY_KEY = 0x08
"""Flag of a code object whose function has ``**kwargs``."""
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


class ArgumentError(ValueError):
    """An argument is missing, or can't be what its parameter asks for."""


def convert_arguments(entry: Callable[..., Any], given: dict[str, Any]) -> dict[str, Any]:
    """The keyword arguments for a call of ``entry``. Keys that it does not know are left out.

    Raises ArgumentError naming the parameter that is missing or wrong.
    """
    names, required, takes_any = _parameters(entry)
    if missing := [name for name in required if name not in given]:
        raise ArgumentError(f"{', '.join(missing)}: required, and missing in the arguments")
    hints = _hints(entry)
    wanted = given if takes_any else {name: given[name] for name in names if name in given}
    return {name: _converted(name, value, hints.get(name)) for name, value in wanted.items()}


def _parameters(entry: Callable[..., Any]) -> tuple[list[str], list[str], bool]:
    """Names, those without a default, and whether any other key is taken too."""
    code = getattr(entry, "__code__", None)
    if code is None or hasattr(entry, "__wrapped__"):
        return _inspected(entry)
    if code.co_posonlyargcount:
        names = ", ".join(code.co_varnames[: code.co_posonlyargcount])
        raise ArgumentError(f"{names}: positional-only parameters can't be given by name")
    positional = code.co_varnames[: code.co_argcount]
    keyword = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    defaults = len(entry.__defaults__ or ())
    required = [
        *positional[: len(positional) - defaults],
        *(name for name in keyword if name not in (entry.__kwdefaults__ or {})),
    ]
    return [*positional, *keyword], required, bool(code.co_flags & _TAKES_ANY_KEY)


def _inspected(entry: Callable[..., Any]) -> tuple[list[str], list[str], bool]:
    """The same for what is no plain function; slower, because it needs ``inspect``."""
    from inspect import Parameter, signature

    parameters = signature(entry).parameters.values()
    takes_any = any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters)
    named = [p for p in parameters if p.kind in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)]
    return [p.name for p in named], [p.name for p in named if p.default is Parameter.empty], takes_any


def _hints(entry: Callable[..., Any]) -> dict[str, Any]:
    hints = getattr(entry, "__annotations__", {})
    if not any(isinstance(hint, str) for hint in hints.values()):
        return hints
    import typing

    try:
        return typing.get_type_hints(entry)
    except Exception:
        return {}  # a name that exists for type checkers only


def _converted(name: str, value: Any, hint: Any) -> Any:
    try:
        return _convert(value, hint)
    except (ValueError, TypeError, LookupError) as error:
        raise ArgumentError(f"{name}: {error}") from None


def _convert(value: Any, hint: Any) -> Any:
    if hint is None or value is None:
        return value
    if hasattr(hint, "__metadata__"):  # Annotated
        return _convert(value, hint.__origin__)
    if origin := getattr(hint, "__origin__", None):
        return _convert_generic(value, origin, hint.__args__)
    if type(hint).__name__ == "UnionType":
        return _convert_union(value, hint.__args__)
    if isinstance(hint, type):
        return _convert_plain(value, hint)
    return value


def _convert_generic(value: Any, origin: Any, parameters: tuple[Any, ...]) -> Any:
    typing = sys.modules.get("typing")
    if typing is not None and origin is typing.Union:
        return _convert_union(value, parameters)
    if origin in (list, set, frozenset) and isinstance(value, list):
        return origin(_convert(item, parameters[0]) for item in value)
    if origin is tuple and isinstance(value, list):
        if parameters[-1:] == (...,):
            return tuple(_convert(item, parameters[0]) for item in value)
        return tuple(_convert(item, hint) for item, hint in zip(value, parameters, strict=True))
    if origin is dict and isinstance(value, dict):
        return {_convert(key, parameters[0]): _convert(item, parameters[1]) for key, item in value.items()}
    return value


def _convert_union(value: Any, choices: tuple[Any, ...]) -> Any:
    """The first choice that the value fits; what fits as it is comes first."""
    if any(isinstance(choice, type) and type(value) is choice for choice in choices):
        return value
    faults: list[str] = []
    for choice in choices:
        if choice is type(None):
            continue
        try:
            return _convert(value, choice)
        except (ValueError, TypeError, LookupError) as error:
            faults.append(str(error))
    raise ValueError("; ".join(faults))


def _convert_plain(value: Any, hint: type) -> Any:
    if hint in _CONVERTERS and isinstance(value, str):
        return _CONVERTERS[hint](value)
    if hint is float and type(value) is int:
        return float(value)
    module = sys.modules.get("datetime")
    if module is not None and isinstance(value, str):
        if hint is module.datetime:
            return module.datetime.fromisoformat(value)
        if hint is module.date:
            return module.datetime.fromisoformat(value).date()
        if hint is module.time:
            return module.time.fromisoformat(value)
    return _convert_class(value, hint)


def _convert_class(value: Any, hint: type) -> Any:
    """Enums by value or name, dataclasses by their fields, pydantic models by their own rules."""
    enum = sys.modules.get("enum")
    if enum is not None and issubclass(hint, enum.Enum) and not isinstance(value, hint):
        members = hint.__members__
        return members[value] if isinstance(value, str) and value in members else hint(value)
    if isinstance(value, dict) and hasattr(hint, "model_validate"):
        return hint.model_validate(value)
    if isinstance(value, dict) and hasattr(hint, "__dataclass_fields__"):
        hints = _hints(hint)
        return hint(
            **{k: _convert(v, hints.get(k)) for k, v in value.items() if k in hint.__dataclass_fields__}
        )
    return value


def _bytes(text: str) -> bytes:
    import base64

    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise ValueError("bytes are given in base64, and this is not") from None


def _boolean(text: str) -> bool:
    try:
        return _TRUTHS[text.lower()]
    except KeyError:
        raise ValueError(f"{text!r} is neither true nor false") from None


def _number(kind: type, what: str) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return kind(text)
        except ValueError:
            raise ValueError(f"{text!r} is not {what}") from None

    return read


_CONVERTERS = {
    bytes: _bytes,
    bool: _boolean,
    int: _number(int, "a whole number"),
    float: _number(float, "a number"),
}
