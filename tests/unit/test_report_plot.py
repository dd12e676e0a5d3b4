"""A series as columns."""

from __future__ import annotations

from perfplug.report import chart
from perfplug.report.plot import plot


def drawn(values: list[float | None], *, width: int = 40, marked: tuple[int, ...] = ()) -> list[str]:
    return plot(values, marked=marked, width=width, glyphs=chart.ASCII, shown=lambda value: f"{value:g}")


def test_columns_are_as_high_as_their_share_of_the_highest() -> None:
    lines = drawn([1.0, 2.0, 4.0])
    assert lines[0] == "4 |      ###"
    assert lines[3] == "  |   ######"
    assert lines[-2] == "  |#########"
    assert lines[-1] == "0 +---------"


def test_what_is_small_is_seen_and_what_is_missing_or_0_is_not() -> None:
    [*_, lowest, _axis] = drawn([100.0, 0.001, None, 0.0, 100.0])
    assert lowest == "    |###...      ###"


def test_marks_stand_under_their_columns() -> None:
    lines = drawn([1.0, 1.0, 2.0, 2.0], marked=(2,))
    assert lines[-1].index("^") == lines[0].index("#") == 3 + 2 * 3


def test_of_a_series_that_is_too_long_the_end_is_drawn() -> None:
    values: list[float | None] = [1.0] * 100 + [5.0] * 10
    lines = drawn(values, width=30, marked=(100, 3))
    assert all(len(line) <= 30 for line in lines)
    assert lines[0].count("#") == 10
    assert lines[-1].count("^") == 1


def test_without_a_value_there_is_nothing() -> None:
    assert drawn([None, None]) == []
    assert drawn([]) == []
