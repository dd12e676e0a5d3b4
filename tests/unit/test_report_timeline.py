"""Rows of the timeline: a second in long runs, finer in short ones, and nothing lost on the way."""

from __future__ import annotations

import builders
import pytest

from perfplug.report.timeline import rows

TIMES = builders.latencies(4000)


def test_a_short_run_keeps_its_fine_slices() -> None:
    result = builders.result(duration=3.0, slices=builders.slices(TIMES, parts=30, width=0.1))
    assert rows(result) == result.slices


def test_a_short_run_of_many_slices_is_joined_to_what_a_graph_can_show() -> None:
    result = builders.result(duration=10.0, slices=builders.slices(TIMES, parts=100, width=0.1))
    assert [round(row.width, 9) for row in rows(result)] == [0.2] * 50


def test_a_long_run_is_joined_to_seconds() -> None:
    result = builders.result(duration=40.0, slices=builders.slices(TIMES, parts=400, width=0.1))
    assert [round(row.start, 9) for row in rows(result)] == list(range(40))
    assert rows(result)[0].width == pytest.approx(1.0)


def test_slices_of_a_second_or_more_stay() -> None:
    result = builders.result(duration=120.0, slices=builders.slices(TIMES, parts=60, width=2.0))
    assert rows(result) == result.slices


def test_joining_loses_no_request_and_no_latency() -> None:
    result = builders.result(duration=40.0, slices=builders.slices(TIMES, parts=400, width=0.1))
    joined = rows(result)
    for name in ("requests", "errors", "bytes", "latency_sum", "latency_square"):
        whole = sum(getattr(part, name) for part in result.slices)
        assert sum(getattr(row, name) for row in joined) == pytest.approx(whole)
    counts = [row.latency.count for row in joined if row.latency is not None]
    assert sum(counts) == sum(part.requests for part in result.slices)
    first = result.slices[0].latency
    assert first is not None and first.count == result.slices[0].requests  # joining works on copies


def test_no_slices_are_no_rows() -> None:
    assert rows(builders.result(slices=())) == ()
