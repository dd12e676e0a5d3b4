"""A series of values as columns over a line, from 0 up, with some of them marked."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence

from perfplug.report.chart import Glyphs

_HEIGHT = 6  # rows
_MARK = "^"


def plot(
    values: Sequence[float | None],
    *,
    marked: Collection[int] = (),
    width: int,
    glyphs: Glyphs,
    shown: Callable[[float], str],
) -> list[str]:
    """Lines of text, at most `width` wide: of a series that is too long, the end. ``marked`` are indices of `values`;
    ``shown`` makes a label of a value. Empty when there is no value at all."""
    highest = max((value for value in values if value is not None), default=None)
    if highest is None:
        return []
    label = shown(highest)
    room = max(width - len(label) - 2, 1)
    first = max(0, len(values) - room)
    each = max(1, min(3, room // (len(values) - first)))  # columns a value
    levels = [_level(value, highest, len(glyphs.levels) - 1) for value in values[first:]]
    margins = [label, *[" " * len(label)] * (_HEIGHT - 1)]
    lines = [f"{margin} |{_row(levels, row, each, glyphs)}" for margin, row in zip(margins, _rows(), strict=True)]
    lines.append(f"{'0'.rjust(len(label))} +{glyphs.line * each * len(levels)}")
    marks = "".join((_MARK if index in marked else " ").ljust(each) for index in range(first, len(values)))
    return [*lines, f"{' ' * len(label)}  {marks}".rstrip()] if marks.strip() else lines


def _rows() -> list[int]:
    return list(reversed(range(_HEIGHT)))


def _level(value: float | None, highest: float, steps: int) -> int:
    """In steps of a cell; what is not 0 is seen."""
    if value is None or value <= 0.0 or highest <= 0.0:
        return 0
    return math.ceil(value / highest * _HEIGHT * steps)


def _row(levels: Sequence[int], row: int, each: int, glyphs: Glyphs) -> str:
    full = len(glyphs.levels) - 1
    return "".join(glyphs.levels[min(max(level - row * full, 0), full)] * each for level in levels).rstrip()
