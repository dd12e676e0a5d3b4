"""A latency histogram in a few lines of text: columns over a logarithmic time axis, with the percentiles marked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from perfplug.histogram import Histogram
from perfplug.units import format_duration

_NARROWEST = 1.25  # the axis spans at least this factor, or rounding would look like structure
_SHORTEST = 5e-7  # seconds: half a bucket; a logarithmic axis has no zero
_MARKS = (("p50", 0.5), ("p99", 0.99), ("p95", 0.95))  # in order of importance


@dataclass(frozen=True, slots=True)
class Glyphs:
    """What columns and axis are drawn with. ``levels`` rise from nothing to a full cell."""

    levels: str
    line: str
    tick: str


UNICODE = Glyphs(" ▁▂▃▄▅▆▇█", "─", "┴")
ASCII = Glyphs(" .:=#", "-", "+")


@dataclass(frozen=True, slots=True)
class Chart:
    """``rows`` from the top down, then ``axis`` and ``labels``, each `width` wide. ``p95`` and ``p99`` are columns."""

    rows: tuple[str, ...]
    axis: str
    labels: str
    p95: int
    p99: int


def draw(histogram: Histogram, *, width: int, height: int, glyphs: Glyphs) -> Chart:
    """Draws a histogram that is not empty. A column that holds any request at all is never blank."""
    axis = _Axis.of(histogram, width)
    shares = axis.shares(histogram)
    tallest = max(shares)
    steps = len(glyphs.levels) - 1
    levels = [math.ceil(share / tallest * height * steps) if share > 0 else 0 for share in shares]
    marks = [
        (axis.column(histogram.quantile(q)), f"{name} {format_duration(histogram.quantile(q))}") for name, q in _MARKS
    ]
    ends = [(0, format_duration(histogram.min)), (width - 1, format_duration(histogram.max))]
    return Chart(
        rows=tuple(_row(levels, row * steps, glyphs) for row in reversed(range(height))),
        axis="".join(glyphs.tick if any(at == column for column, _ in marks) else glyphs.line for at in range(width)),
        labels=_labels([marks[0], *ends, *marks[1:]], width),
        p95=axis.column(histogram.quantile(0.95)),
        p99=axis.column(histogram.quantile(0.99)),
    )


def _row(levels: Sequence[int], below: int, glyphs: Glyphs) -> str:
    full = len(glyphs.levels) - 1
    return "".join(glyphs.levels[min(max(level - below, 0), full)] for level in levels)


def _labels(labels: Sequence[tuple[int, str]], width: int) -> str:
    """Each label centred under its column where there is room; one that would touch an earlier one is left out, so
    that they come in order of importance."""
    line = [" "] * width
    for column, text in labels:
        start = min(max(column - len(text) // 2, 0), width - len(text))
        if start < 0 or any(cell != " " for cell in line[max(start - 2, 0) : start + len(text) + 2]):
            continue
        line[start : start + len(text)] = text
    return "".join(line)


@dataclass(frozen=True, slots=True)
class _Axis:
    """Columns of equal width in the logarithm of time. ``low`` is where the first begins, as a logarithm."""

    low: float
    column_width: float
    width: int

    @classmethod
    def of(cls, histogram: Histogram, width: int) -> _Axis:
        buckets = histogram.buckets()
        low = math.log(max(buckets[0][0], _SHORTEST))
        high = math.log(max(buckets[-1][1], 2 * _SHORTEST))
        short = math.log(_NARROWEST) - (high - low)
        if short > 0:
            low, high = low - short / 2, high + short / 2
        return cls(low, (high - low) / width, width)

    def column(self, seconds: float) -> int:
        return min(max(int(self._position(seconds)), 0), self.width - 1)

    def shares(self, histogram: Histogram) -> list[float]:
        """Requests in each column; a bucket that spans several is spread over them."""
        shares = [0.0] * self.width
        for low, high, count in histogram.buckets():
            start = min(max(self._position(low), 0.0), self.width - 1e-9)
            end = min(max(self._position(high), start + 1e-9), float(self.width))
            for column in range(int(start), min(math.ceil(end), self.width)):
                inside = min(end, column + 1.0) - max(start, float(column))
                shares[column] += count * inside / (end - start)
        return shares

    def _position(self, seconds: float) -> float:
        return (math.log(max(seconds, _SHORTEST)) - self.low) / self.column_width
