"""The ``performance`` marker: what a test promises, and where that is written."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple, Protocol

from perfplug.errors import UsageError

NAME = "performance"
SIGNATURE = (
    "performance(p95='100ms', error_rate='0.1%', throughput='>= 500/s', ..., name=None, regression=None): "
    "limits that the loads of this test must keep (perfplug)"
)


class Mark(Protocol):
    """As much of a pytest mark as is read here."""

    @property
    def args(self) -> tuple[Any, ...]: ...
    @property
    def kwargs(self) -> Mapping[str, Any]: ...


class Promise(NamedTuple):
    """What the markers of one test say together. ``name`` is for its loads that have none of their own; ``regression``
    is by how much they may be worse than the baseline, as it was written."""

    limits: Mapping[str, object]
    name: str | None = None
    regression: object = None


def promise(marks: Iterable[Mark], *, where: str) -> Promise:
    """One promise from the markers of a test, the closest first: it wins, limit by limit. UsageError names `where`."""
    said: dict[str, object] = {}
    for mark in marks:
        if mark.args:
            raise UsageError(
                f"{where}: the marker {NAME} takes limits by name, not {mark.args[0]!r}: write {NAME}(p95='100ms')"
            )
        for key, value in mark.kwargs.items():
            said.setdefault(key, value)
    name, regression = said.pop("name", None), said.pop("regression", None)
    if name is not None and not (isinstance(name, str) and name.strip()):
        raise UsageError(f"{where}: the marker's name is a text, not {name!r}")
    return Promise(limits=said, name=name, regression=regression)


def place(function: Callable[..., Any] | None) -> tuple[Path | None, int | None]:
    """File and 1-based line of a function's own performance marker, or of its ``def`` when the marker is elsewhere."""
    code = getattr(inspect.unwrap(function), "__code__", None) if function is not None else None
    if code is None:
        return None, None
    return Path(code.co_filename), _line(code)


def _line(code: CodeType) -> int:
    try:
        lines, first = inspect.getsourcelines(code)
        # A method's source is indented; under an `if` that is well-formed, whatever its strings hold.
        definition = ast.parse("if True:\n" + "".join(lines) if lines[0][:1].isspace() else "".join(lines)).body[0]
    except (OSError, SyntaxError, ValueError, IndexError):
        return code.co_firstlineno
    if isinstance(definition, ast.If):
        definition, first = definition.body[0], first - 1
    if not isinstance(definition, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return code.co_firstlineno
    marked = next((part for part in definition.decorator_list if _names_the_marker(part)), definition)
    return first + marked.lineno - 1


def _names_the_marker(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return (isinstance(called, ast.Attribute) and called.attr == NAME) or (
        isinstance(called, ast.Name) and called.id == NAME
    )
