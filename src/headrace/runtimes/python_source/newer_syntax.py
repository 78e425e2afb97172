"""Writes source with the syntax of Python 3.12 to 3.14 down to what 3.11 parses. Run as a process.

Standard input is the source, standard output a JSON object: ``{"text": …}``, or ``{"line": …,
"column": …}`` where it is not valid Python. For ``syntax`` only, which says why it is a process.
"""

from __future__ import annotations

import json
import re
import resource
import sys

import libcst

_CPU_SECONDS = 10
_MEMORY_BYTES = 2 * 1024**3
_PLACE = re.compile(r"error at (\d+):(\d+)")


def write_down(content: str) -> dict[str, str | int]:
    """What the process answers; see the module."""
    try:
        module = libcst.parse_module(content)
    except libcst.ParserSyntaxError as error:
        place = _PLACE.search(str(error))
        line, column = (int(place[1]), int(place[2])) if place else (error.raw_line, error.raw_column)
        return {"line": line, "column": column}
    return {"text": module.visit(_WriteDown()).code}


class _WriteDown(libcst.CSTTransformer):
    def leave_FunctionDef(  # noqa: N802 - named after the node
        self, original_node: libcst.FunctionDef, updated_node: libcst.FunctionDef
    ) -> libcst.FunctionDef:
        del original_node
        return updated_node.with_changes(type_parameters=None)

    def leave_ClassDef(  # noqa: N802 - named after the node
        self, original_node: libcst.ClassDef, updated_node: libcst.ClassDef
    ) -> libcst.ClassDef:
        del original_node
        return updated_node.with_changes(type_parameters=None)

    def leave_TypeAlias(  # noqa: N802 - named after the node
        self, original_node: libcst.TypeAlias, updated_node: libcst.TypeAlias
    ) -> libcst.Assign:
        del original_node
        return libcst.Assign(
            targets=[libcst.AssignTarget(updated_node.name)],
            value=updated_node.value,
            semicolon=updated_node.semicolon,
        )

    def leave_ExceptHandler(  # noqa: N802 - named after the node
        self, original_node: libcst.ExceptHandler, updated_node: libcst.ExceptHandler
    ) -> libcst.ExceptHandler:
        del original_node
        return updated_node.with_changes(type=_in_parentheses(updated_node.type))

    def leave_ExceptStarHandler(  # noqa: N802 - named after the node
        self, original_node: libcst.ExceptStarHandler, updated_node: libcst.ExceptStarHandler
    ) -> libcst.ExceptStarHandler:
        del original_node
        return updated_node.with_changes(type=_in_parentheses(updated_node.type))

    def leave_FormattedString(  # noqa: N802 - named after the node
        self, original_node: libcst.FormattedString, updated_node: libcst.FormattedString
    ) -> libcst.FormattedString:
        """An empty one: still no constant, so it passes neither for a default nor for a docstring."""
        del original_node, updated_node
        return libcst.FormattedString(parts=[])

    def leave_TemplatedString(  # noqa: N802 - named after the node
        self, original_node: libcst.TemplatedString, updated_node: libcst.TemplatedString
    ) -> libcst.FormattedString:
        del original_node, updated_node
        return libcst.FormattedString(parts=[])


def _in_parentheses(caught: libcst.BaseExpression | None) -> libcst.BaseExpression | None:
    if not isinstance(caught, libcst.Tuple) or caught.lpar:
        return caught
    return caught.with_changes(lpar=[libcst.LeftParen()], rpar=[libcst.RightParen()])


def _main() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    answer = write_down(sys.stdin.buffer.read().decode("utf-8", "replace"))
    sys.stdout.buffer.write(json.dumps(answer).encode())


if __name__ == "__main__":
    _main()
