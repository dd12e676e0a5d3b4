"""What markers say together, and where they stand."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from perfplug.errors import UsageError
from perfplug.marker import place, promise

performance = pytest.mark.performance
fast = performance(p95="100ms")


def line_of(text: str) -> int:
    """The one line of this file that ends with `text`."""
    (found,) = (n for n, line in enumerate(Path(__file__).read_text().splitlines(), 1) if line.endswith("# " + text))
    return found


def test_the_closest_marker_wins_limit_by_limit() -> None:
    marks = [performance(p95="10ms").mark, performance(p95="1s", p99="2s", name="all").mark]
    both = promise(marks, where="t")
    assert both.limits == {"p95": "10ms", "p99": "2s"}
    assert both.name == "all"


def test_no_marker_promises_nothing() -> None:
    assert promise([], where="t").limits == {}


def test_a_limit_without_a_name_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^test_x: .*'p95<1s'.*p95='100ms'"):
        promise([performance("p95<1s").mark], where="test_x")


def test_a_name_that_is_no_text_is_refused() -> None:
    with pytest.raises(UsageError, match="test_x: .*42"):
        promise([performance(name=42).mark], where="test_x")


@pytest.mark.parametrize("x", [1])
@pytest.mark.performance(  # called
    p95="100ms",
)
@functools.lru_cache
def called(x: int) -> None: ...


@performance  # bare
def bare() -> None: ...


@fast
def by_another_name() -> None: ...  # elsewhere


def unmarked() -> None: ...  # unmarked


class Group:
    @staticmethod
    def helper() -> str:
        return """
a string that begins at the margin"""

    @pytest.mark.usefixtures()
    @pytest.mark.performance(p95="100ms")  # method
    def method(self) -> str:
        return """
another one"""


def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper() -> None: ...

    return wrapper


@pytest.mark.parametrize(
    ("function", "comment"),
    [
        (called, "called"),
        (bare, "bare"),
        (by_another_name, "elsewhere"),
        (unmarked, "unmarked"),
        (Group.method, "method"),
        (wrap(bare), "bare"),
    ],
)
def test_the_place_is_the_markers_line_or_else_the_functions(function: Callable[..., Any], comment: str) -> None:
    assert place(inspect.unwrap(function)) == (Path(__file__), line_of(comment))


def test_a_function_without_source_has_at_least_its_code_s_line() -> None:
    space: dict[str, Any] = {}
    exec(compile("\n\ndef made(): ...", "<nowhere>", "exec"), space)
    assert place(space["made"]) == (Path("<nowhere>"), 3)


def test_what_is_no_function_has_no_place() -> None:
    assert place(None) == (None, None)
