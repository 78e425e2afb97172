"""Turns a JSON value into what an annotation asks for; imported only where a value is not that already.

Looks at annotations without importing ``typing``, ``enum`` and the like: what a script does not use, its
annotations can't mean.
"""

from __future__ import annotations

import sys

from .plain_values import PLAIN, Mismatch, kind_of, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Mismatch", "convert", "hints_of", "takes_none"]

_LISTS = frozenset(
    {"list", "Sequence", "MutableSequence", "Iterable", "Collection", "Container", "Reversible"}
)
_SETS = frozenset({"set", "Set", "MutableSet"})
_DICTS = frozenset({"dict", "Mapping", "MutableMapping", "ChainMap"})
_SEEN_THROUGH = frozenset({"Required", "NotRequired", "ReadOnly", "Final", "ClassVar"})
_MOST_FAULTS = 5
_UNKNOWN = object()


def convert(value: Any, hint: Any, scope: dict[str, Any], place: str) -> Any:
    """A value as its annotation asks for it; what an unknown annotation asks for is the value as it is.

    ``scope`` holds the names that annotations are written in, ``place`` says which part of which argument it
    is. Raises Mismatch.
    """
    hint, scope = _resolved(hint, scope)
    if hint is _UNKNOWN:
        return value
    if hint is None or hint is type(None):
        if value is None:
            return None
        raise Mismatch(place, f"{kind_of(value)}, where null is asked for")
    if hasattr(hint, "__metadata__"):
        return _checked(convert(value, hint.__origin__, scope, place), hint, place)
    choices = _choices(hint)
    if choices is not None:
        return _convert_union(value, choices, scope, place)
    origin = getattr(hint, "__origin__", None)
    if origin is not None:
        return _convert_generic(value, origin, getattr(hint, "__args__", ()), scope, place)
    return _convert_class(value, hint, place) if isinstance(hint, type) else value


def takes_none(hint: Any, scope: dict[str, Any]) -> bool:
    """Whether an annotation says that None may be given: ``Optional[int]``, ``int | None``, ``None``."""
    hint, scope = _resolved(hint, scope)
    if hint is None or hint is type(None):
        return True
    if hasattr(hint, "__metadata__"):
        return takes_none(hint.__origin__, scope)
    if _name(getattr(hint, "__origin__", None)) == "Literal":
        return None in hint.__args__
    return any(takes_none(choice, scope) for choice in _choices(hint) or ())


def hints_of(entry: Any) -> dict[str, Any]:
    """Annotations of which some can't be evaluated (Python 3.14), those left as references."""
    import annotationlib  # pyright: ignore[reportMissingImports] - of Python 3.14

    return annotationlib.get_annotations(entry, format=annotationlib.Format.FORWARDREF)


def _resolved(hint: Any, scope: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """What stands behind a text, a reference, a NewType, an alias or a type variable."""
    for _ in range(100):
        module = sys.modules.get(getattr(hint, "__forward_module__", None) or "")
        scope = getattr(module, "__dict__", scope)
        text = getattr(hint, "__forward_arg__", hint)
        if isinstance(text, str):
            try:
                hint = eval(text, dict(scope))  # noqa: S307 - the script's own annotation
            except Exception:
                return _UNKNOWN, scope  # a name that exists for type checkers only
        elif hasattr(hint, "__supertype__"):
            hint = hint.__supertype__
        elif (
            type(hint).__name__ == "TypeAliasType"
            or _name(getattr(hint, "__origin__", None)) == "TypeAliasType"
        ):
            alias = getattr(hint, "__origin__", hint)
            hint, scope = alias.__value__, getattr(sys.modules.get(alias.__module__), "__dict__", scope)
        elif type(hint).__name__ == "InitVar":
            hint = hint.type
        elif hint is object or (getattr(hint, "__module__", "") == "typing" and repr(hint) == "typing.Any"):
            return _UNKNOWN, scope
        elif type(hint).__name__ == "TypeVar":
            hint = hint.__bound__ if hint.__bound__ is not None else _UNKNOWN
        else:
            return hint, scope
    return _UNKNOWN, scope


def _choices(hint: Any) -> tuple[Any, ...] | None:
    """What a union is made of; None for anything else."""
    if type(hint).__name__ in ("UnionType", "Union") or _name(getattr(hint, "__origin__", None)) == "Union":
        return hint.__args__
    return None


def _name(form: Any) -> str | None:
    """The name of a special form of ``typing``; of a class or anything else None."""
    if isinstance(form, type):
        return None
    if type(form).__name__ == "TypeAliasType":
        return "TypeAliasType"
    return getattr(form, "_name", None)


def _convert_union(value: Any, choices: tuple[Any, ...], scope: dict[str, Any], place: str) -> Any:
    """The first choice that the value fits; what fits as it is comes first, then what knows its keys."""
    resolved = [_resolved(choice, scope) for choice in choices]
    real = [(hint, names) for hint, names in resolved if hint is not type(None)]
    if value is None and len(real) < len(choices):
        return None
    if any(type(value) is hint or hint is _UNKNOWN for hint, _ in real):
        return value
    faults: list[str] = []
    for hint, names in sorted(real, key=lambda choice: _rank(value, choice[0])):
        try:
            return convert(value, hint, names, place)
        except Mismatch as error:
            problem = error.problem if error.place == place else f"{error.place}: {error.problem}"
            if problem not in faults:
                faults.append(problem)
    raise Mismatch(place, "; ".join(faults[:_MOST_FAULTS]))


def _rank(value: Any, hint: Any) -> int:
    """Lower is better: records by how many keys they don't know, and no time is lost to a date."""
    if isinstance(value, dict) and (fields := _field_names(hint)) is not None:
        return sum(key not in fields for key in value)
    if isinstance(value, str) and getattr(hint, "__module__", "") == "datetime":
        is_day = len(value) <= len("2026-01-02")
        return int(getattr(hint, "__name__", "") != ("date" if is_day else "datetime"))
    return 0


def _field_names(hint: Any) -> Any:
    for attribute in ("__dataclass_fields__", "model_fields", "__fields__", "_fields", "__required_keys__"):
        if isinstance(hint, type) and hasattr(hint, attribute):
            return hint.__annotations__ if attribute == "__required_keys__" else getattr(hint, attribute)
    return None


def _convert_generic(
    value: Any, origin: Any, parameters: tuple[Any, ...], scope: dict[str, Any], place: str
) -> Any:
    special = _name(origin)
    if special == "Literal":
        return _convert_literal(value, parameters, place)
    if special in _SEEN_THROUGH:
        return convert(value, parameters[0], scope, place)
    if not isinstance(origin, type):
        return value
    if origin is tuple and parameters:
        return _convert_tuple(value, parameters, scope, place)
    if origin.__module__ not in ("builtins", "collections", "collections.abc"):
        return _convert_class(value, origin, place)
    return _convert_container(value, origin, parameters, scope, place)


def _convert_container(
    value: Any, origin: type, parameters: tuple[Any, ...], scope: dict[str, Any], place: str
) -> Any:
    name = origin.__name__
    item = parameters[-1] if parameters else object
    if name in _LISTS or name in ("deque", "Iterator"):
        items = _items(value, item, scope, place)
        return origin(items) if name == "deque" else iter(items) if name == "Iterator" else items
    if name in _SETS or name == "frozenset":
        try:
            return (frozenset if name == "frozenset" else set)(_items(value, item, scope, place))
        except TypeError as error:
            raise Mismatch(place, f"can't be a set: {error}") from None
    if name == "tuple":
        return tuple(_items(value, object, scope, place))
    if name in _DICTS or name in ("OrderedDict", "defaultdict", "Counter"):
        counted = int if name == "Counter" else parameters[1] if len(parameters) == 2 else object
        found = _members(value, parameters[0] if parameters else object, counted, scope, place)
        if name == "defaultdict":
            return origin(parameters[1] if parameters and callable(parameters[1]) else None, found)
        return found if name in _DICTS else origin(found)
    return value


def _items(value: Any, hint: Any, scope: dict[str, Any], place: str) -> list[Any]:
    if not isinstance(value, list):
        raise Mismatch(place, f"{kind_of(value)}, where an array is asked for")
    return [convert(item, hint, scope, f"{place}[{number}]") for number, item in enumerate(value)]


def _members(value: Any, key: Any, hint: Any, scope: dict[str, Any], place: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise Mismatch(place, f"{kind_of(value)}, where an object is asked for")
    return {
        convert(name, key, scope, f"{place}.{name}"): convert(item, hint, scope, f"{place}.{name}")
        for name, item in value.items()
    }


def _convert_tuple(value: Any, parameters: tuple[Any, ...], scope: dict[str, Any], place: str) -> Any:
    if parameters[-1:] == (...,):
        return tuple(_items(value, parameters[0], scope, place))
    hints = () if parameters == ((),) else parameters  # Tuple[()] before Python 3.11
    if not isinstance(value, list) or len(value) != len(hints):
        what = f"{len(value)} items" if isinstance(value, list) else kind_of(value)
        raise Mismatch(place, f"{what}, where an array of {len(hints)} is asked for")
    return tuple(
        convert(item, hint, scope, f"{place}[{number}]")
        for number, (item, hint) in enumerate(zip(value, hints, strict=True))
    )


def _convert_literal(value: Any, choices: tuple[Any, ...], place: str) -> Any:
    """A member of ``Literal[…]``, also one that came as text, as forms and addresses send it."""
    values = [(choice, getattr(choice, "value", choice)) for choice in choices]
    return _member(value, values, place)


def _member(value: Any, members: list[tuple[Any, Any]], place: str) -> Any:
    for member, known in members:
        if known == value and isinstance(known, bool) == isinstance(value, bool):
            return member
    if isinstance(value, str):
        for member, known in members:
            if not isinstance(known, str) and isinstance(known, int | float) and _text(known) == value:
                return member
    names = ", ".join(shown(known) for _, known in members[:20])
    raise Mismatch(place, f"{shown(value)} is none of {names}")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _convert_class(value: Any, hint: type, place: str) -> Any:
    """Plain values, then what the script defines itself."""
    converter = PLAIN.get((hint.__module__, hint.__qualname__))
    if converter is not None:
        return converter(value, hint, place)
    if hint.__module__ in ("builtins", "collections", "collections.abc"):
        return _convert_container(value, hint, (), {}, place)
    return _convert_own(value, hint, place)


def _convert_own(value: Any, hint: Any, place: str) -> Any:  # noqa: PLR0911 - a line for each kind of class
    """Enums, models and records; a class that means nothing here takes the value as it is."""
    enum = sys.modules.get("enum")
    if enum is not None and issubclass(hint, enum.Enum):
        return _convert_enum(value, hint, place)
    if hasattr(hint, "__get_pydantic_core_schema__") or hasattr(hint, "__pydantic_validator__"):
        return _validated(value, hint, place)
    if hasattr(hint, "parse_obj"):
        return _called(lambda: hint.parse_obj(value), place)
    if hasattr(hint, "__required_keys__"):
        return value if hint.__name__ == hint.__name__.lower() else _typed_dict(value, hint, place)
    if hasattr(hint, "__dataclass_fields__"):
        return _dataclass(value, hint, place)
    if issubclass(hint, tuple) and hasattr(hint, "_fields"):
        return _named_tuple(value, hint, place)
    if issubclass(hint, dict):
        if not isinstance(value, dict):
            raise Mismatch(place, f"{kind_of(value)}, where an object is asked for")
        return _called(lambda: hint(value), place)
    return value


def _convert_enum(value: Any, hint: Any, place: str) -> Any:
    """By value, else by name, else by the text of a value."""
    try:
        return _member(value, [(member, member.value) for member in hint.__members__.values()], place)
    except Mismatch:
        if isinstance(value, str) and value in hint.__members__:
            return hint[value]
        made = _made(value, hint)
        if made is None:
            raise
        return made


def _made(value: Any, hint: Any) -> Any:
    """Combined flags, and what ``_missing_`` makes; None where it is nothing."""
    try:
        return hint(value)
    except Exception:
        return None


def _dataclass(value: Any, hint: Any, place: str) -> Any:
    fields = {
        name: field
        for name, field in hint.__dataclass_fields__.items()
        if field.init and field._field_type.name != "_FIELD_CLASSVAR"  # noqa: SLF001 - it tells class variables
    }
    missing_value = sys.modules["dataclasses"].MISSING
    required = [
        name
        for name, field in fields.items()
        if field.default is missing_value and field.default_factory is missing_value
    ]
    hints = _class_hints(hint)
    converted = _record(value, {name: hints.get(name) for name in fields}, required, place)
    known = {name: item for name, item in converted.items() if name in fields}
    return _called(lambda: hint(**known), place)


def _named_tuple(value: Any, hint: Any, place: str) -> Any:
    """Given as an object, or as an array in the order of its fields."""
    if isinstance(value, list):
        if len(value) > len(hint._fields):
            raise Mismatch(place, f"{len(value)} items, where at most {len(hint._fields)} are asked for")
        value = dict(zip(hint._fields, value, strict=False))
    hints = _class_hints(hint)
    required = [name for name in hint._fields if name not in hint._field_defaults]
    converted = _record(value, {name: hints.get(name) for name in hint._fields}, required, place)
    return hint(**{name: item for name, item in converted.items() if name in hint._fields})


def _typed_dict(value: Any, hint: Any, place: str) -> Any:
    """Stays a dict, with keys it does not know, too."""
    hints = _class_hints(hint)
    required = [
        name
        for name, asked in hints.items()
        if name in hint.__required_keys__
        and _name(getattr(_resolved(*asked)[0], "__origin__", None)) != "NotRequired"
    ]
    return _record(value, hints, required, place)


def _record(value: Any, hints: dict[str, Any], required: list[str], place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Mismatch(place, f"{kind_of(value)}, where an object is asked for")
    if missing := [name for name in required if name not in value]:
        raise Mismatch(f"{place}.{missing[0]}", "required, and missing")
    return {
        name: convert(item, hints[name][0], hints[name][1], f"{place}.{name}") if hints.get(name) else item
        for name, item in value.items()
    }


def _class_hints(hint: Any) -> dict[str, Any]:
    """The annotations of a class and its bases, each with the names that it is written in."""
    found: dict[str, Any] = {}
    for base in reversed(hint.__mro__):
        scope = getattr(sys.modules.get(base.__module__), "__dict__", {})
        try:
            own = base.__dict__.get("__annotations__") or getattr(base, "__annotations__", {})  # noqa: RUF063 - inspect costs milliseconds
        except Exception:
            own = hints_of(base)
        found |= {name: (asked, scope) for name, asked in own.items()}
    return found


def _checked(value: Any, hint: Any, place: str) -> Any:
    """What ``Annotated[int, Field(ge=1)]`` asks for besides, where pydantic is there to check it."""
    if not any(
        type(note).__module__.startswith(("pydantic", "annotated_types")) for note in hint.__metadata__
    ):
        return value
    return _validated(value, hint, place) if "pydantic" in sys.modules else value


def _validated(value: Any, hint: Any, place: str) -> Any:
    return _called(lambda: sys.modules["pydantic"].TypeAdapter(hint).validate_python(value), place)


def _called(make: Any, place: str) -> Any:
    """Call the script's own code; what it raises says what is wrong, a model with places of its own."""
    try:
        return make()
    except RecursionError:
        raise
    except Exception as error:
        errors: Any = getattr(error, "errors", None)
        faults: Any = errors() if callable(errors) else []
        if not faults:
            raise Mismatch(place, f"{error}" or type(error).__name__) from error
        first, *others = [(_deeper(place, fault["loc"]), fault["msg"]) for fault in faults[:_MOST_FAULTS]]
        more = "".join(f"; {where}: {problem}" for where, problem in others)
        raise Mismatch(first[0], f"{first[1]}{more}") from None


def _deeper(place: str, parts: tuple[Any, ...]) -> str:
    return place + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
