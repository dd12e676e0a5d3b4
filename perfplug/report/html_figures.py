"""The figures behind the HTML report's graphs: small, since all of them travel in one file.

Times are milliseconds with three digits: as many as a graph can show. Percentiles stand on an even grid of nines: entry
``k`` is the quantile 1 - 10^(-k / STEP), up to the last that one request decides.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from perfplug.findings import Levels
from perfplug.histogram import Histogram
from perfplug.report import Case
from perfplug.report.timeline import rows
from perfplug.result import PHASES, Result, Slice
from perfplug.sla import Judged

STEP = 8  # points a nine
COLUMNS = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
_OVER_TIME = ("p50", "p95", "p99")
_NOTICEABLE = 1e-6  # seconds: a shorter lateness is below what the histogram tells apart
_OVERVIEW = 40  # loads: more bars would be hairs

Text = Callable[[str], str]
Json = dict[str, object]


def of_load(case: Case, ident: str, points: int) -> Json:
    """What one load's graphs and table need. ``points`` is the most that a line over time may have."""
    result = case.result
    named = _distributions(result)
    return {
        "id": ident,
        "step": STEP,
        "curves": [{"name": name, "values": _curve(one)} for name, one in named if "." not in name],
        "limits": [mark for judged in case.judged if (mark := _mark(judged)) is not None],
        "timeline": _timeline(rows(result, most=points)),
        "phases": _bars([result]),
        "columns": [*COLUMNS, "mean"],
        "rows": [(name.rpartition(".")[2], _quantiles(one), one.count) for name, one in named],
    }


def of_levels(levels: Levels, name: str) -> Json:
    results = [case.result for case in levels.cases]
    return {
        "name": name,
        "unit": "arrivals a second" if levels.rate else "users",
        "xs": [_short(levels.level(case)) for case in levels.cases],
        "rates": [_short(result.throughput) for result in results],
        "errors": [
            _short((result.requests - result.ok) / result.duration) if result.duration else 0.0 for result in results
        ],
        "p50": [_ms(result.p50) for result in results],
        "p95": [_ms(result.p95) for result in results],
    }


def overview(cases: Sequence[Case], text: Text) -> Json | None:
    """Mean time by phase of every load, for one graph; None when there is nothing to set side by side."""
    measured = [case.result for case in cases if case.result.service.count]
    if not 1 < len(measured) <= _OVERVIEW:
        return None
    return {"names": [text(result.name) for result in measured], "phases": _bars(measured)}


def _distributions(result: Result) -> list[tuple[str, Histogram]]:
    """What there is, by name; names of phases have a point before them and are not drawn as curves."""
    client = result.client
    named = [("latency", result.latency)]
    if any(abs(a - b) > _NOTICEABLE for a, b in zip(_ends(result.service), _ends(result.latency), strict=True)):
        named.append(("service", result.service))
    named += [(f".{phase}", result.phases[phase]) for phase in PHASES]
    named.append(("client delay", client.delay))
    if client.late.count and client.late.max >= _NOTICEABLE:
        named.append(("late", client.late))
    named.append((".failed requests", result.latency_errors))
    return [(name, histogram) for name, histogram in named if histogram.count]


def _ends(histogram: Histogram) -> tuple[float, ...]:
    return tuple(histogram.quantile(q) for q in (0.5, 0.99, 1.0)) if histogram.count else (0.0, 0.0, 0.0)


def _curve(histogram: Histogram) -> list[float]:
    last = math.floor(STEP * math.log10(max(histogram.count, 10)))
    return [_ms(histogram.quantile(1.0 - 10.0 ** (-k / STEP))) for k in range(last + 1)]


def _quantiles(histogram: Histogram) -> list[float]:
    return [*(_ms(histogram.quantile(q)) for q in COLUMNS.values()), _ms(histogram.mean)]


def _mark(judged: Judged) -> Json | None:
    """A latency limit as a place in the graph of percentiles."""
    q = judged.limit.quantile
    if q is None or not 0.0 < q < 1.0:
        return None
    bounded = judged.low is not None and judged.high is not None and math.isfinite(judged.low + judged.high)
    return {
        "x": _short(-math.log10(1.0 - q)),
        "limit": _ms(judged.limit.value),
        "low": _ms(judged.low) if bounded and judged.low is not None else None,
        "high": _ms(judged.high) if bounded and judged.high is not None else None,
        "verdict": _COLOURS.get(judged.verdict.value, "doubt"),
    }


_COLOURS = {"PASS": "pass", "WARN": "warn", "FAIL": "fail"}


def _timeline(parts: Sequence[Slice]) -> Json | None:
    """Rows of even width, but for the last; ``bad`` is None when nothing failed."""
    if not parts:
        return None
    width = parts[0].width or 1.0
    bad = [_short(part.errors / (part.width or width)) for part in parts]
    times = [_times(part.latency) for part in parts]
    return {
        "start": round(parts[0].start + width / 2.0, 4),
        "step": round(width, 6),
        **dict(zip(_OVER_TIME, (list(column) for column in zip(*times, strict=True)), strict=True)),
        "good": [_short((part.requests - part.errors) / (part.width or width)) for part in parts],
        "bad": bad if any(bad) else None,
    }


def _times(latency: Histogram | None) -> list[float | None]:
    if latency is None or not latency.count:
        return [None] * len(_OVER_TIME)
    return [_ms(latency.quantile(COLUMNS[name])) for name in _OVER_TIME]


def _bars(results: Sequence[Result]) -> list[Json]:
    """Each phase's share of a mean request; ``queue`` is from the intended start to the actual one."""
    bars: list[Json] = []
    for phase in ("queue", *PHASES):
        values = [_mean_share(result, phase) for result in results]
        if any(value >= 0.0005 for value in values):
            bars.append({"name": phase, "values": values})
    return bars


def _mean_share(result: Result, phase: str) -> float:
    if not result.service.count:
        return 0.0
    if phase == "queue":
        return _ms(max(result.latency.mean - result.service.mean, 0.0))
    spent = result.phases[phase]
    return _ms(spent.mean * spent.count / result.service.count) if spent.count else 0.0


def _ms(seconds: float) -> float:
    return _short(1000.0 * seconds)


def _short(value: float) -> float:
    """Three digits; whole numbers as such, which are shorter in JSON."""
    rounded = float(f"{value:.3g}") if math.isfinite(value) else 0.0
    return int(rounded) if rounded.is_integer() else rounded
