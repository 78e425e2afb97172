"""The JSON form of what numpy, pandas, polars and pyarrow have; none of them is imported here."""

from __future__ import annotations

from .channel import InvalidResult

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def simplify_data(value: Any) -> tuple[bool, Any]:
    """Whether this knows the value, and one level of its form.

    A data frame or table is a list of its rows as objects, a series or array a list; what is missing is null.
    """
    for kind in type(value).__mro__:
        package = kind.__module__.partition(".")[0]
        if form := _FORMS.get((package, kind.__name__)):
            return True, form(value)
    return False, None


def _array(value: Any) -> Any:
    """A numpy array or scalar. Instants and lengths of time are written by numpy, to their own resolution."""
    if value.dtype.kind not in "Mm":
        return value.tolist()
    if value.ndim == 0:
        return _moment(value)
    return [_array(item) for item in value]


def _moment(value: Any) -> str | None:
    text = str(value) if value.dtype.kind == "M" else _nanoseconds(value)
    return None if text == "NaT" else text


def _nanoseconds(value: Any) -> str:
    """A length of time in ISO 8601; one of months has none in seconds, and keeps numpy's words."""
    if str(value) == "NaT" or value.dtype.str.endswith(("[Y]", "[M]")):
        return str(value)
    count = int(value.astype("timedelta64[ns]").astype("int64"))
    seconds, fraction = divmod(abs(count), 10**9)
    digits = f".{fraction:09}".rstrip("0") if fraction else ""
    return f"{'-' if count < 0 else ''}PT{seconds}{digits}S"


def _frame(value: Any) -> list[dict[str, Any]]:
    """Rows of a pandas data frame. An index that has a name, or is of words, is a column too."""
    if any(name is not None for name in value.index.names) or value.index.inferred_type == "string":
        try:
            value = value.reset_index()
        except ValueError:
            value = value.reset_index(drop=True)  # a column has the name of the index
    names = [str(name) for name in value.columns]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidResult(f"the data frame has two columns named {twice}, so its rows are no JSON objects")
    return [dict(zip(names, row)) for row in value.itertuples(index=False, name=None)]  # noqa: B905 - even


def _series(value: Any) -> Any:
    """A pandas series: an object where its index says something, else a list."""
    if type(value.index).__name__ == "RangeIndex" or not value.index.is_unique:
        return value.tolist()
    return value.to_dict()


def _isoformat(value: Any) -> str:
    return value.isoformat()


def _nothing(_value: Any) -> None:
    return None


def _calling(method: str) -> Callable[[Any], Any]:
    def call(value: Any) -> Any:
        return getattr(value, method)()

    return call


_FORMS: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("numpy", "ndarray"): _array,
    ("numpy", "generic"): _array,
    ("pandas", "DataFrame"): _frame,
    ("pandas", "Series"): _series,
    ("pandas", "Index"): _calling("tolist"),
    ("pandas", "ExtensionArray"): _calling("tolist"),
    ("pandas", "NaTType"): _nothing,
    ("pandas", "NAType"): _nothing,
    ("pandas", "Timestamp"): _isoformat,
    ("pandas", "Timedelta"): _isoformat,
    ("pandas", "Interval"): str,
    ("pandas", "Period"): str,
    ("polars", "DataFrame"): _calling("to_dicts"),
    ("polars", "LazyFrame"): _calling("collect"),
    ("polars", "Series"): _calling("to_list"),
    ("pyarrow", "_Tabular"): _calling("to_pylist"),
    ("pyarrow", "Array"): _calling("to_pylist"),
    ("pyarrow", "ChunkedArray"): _calling("to_pylist"),
    ("pyarrow", "Scalar"): _calling("as_py"),
}
