"""The histogram of the terminal shows the shape, marks the percentiles, and hides no request."""

from __future__ import annotations

import builders
import pytest

from perfplug.report.chart import ASCII, UNICODE, Chart, Glyphs, draw


def drawn(times: list[float], *, width: int = 60, glyphs: Glyphs = UNICODE) -> Chart:
    return draw(builders.histogram(times), width=width, height=4, glyphs=glyphs)


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@pytest.mark.parametrize("width", [20, 60, 72])
@pytest.mark.parametrize("times", [[0.005], [0.0], [0.005] * 1000, [1e-6, 3599.0], builders.latencies(3000)])
def test_every_line_has_the_width_that_was_asked_for(times: list[float], width: int, glyphs: Glyphs) -> None:
    chart = drawn(times, width=width, glyphs=glyphs)
    assert len(chart.rows) == 4
    assert {len(line) for line in (*chart.rows, chart.axis, chart.labels)} == {width}


def test_the_tallest_column_fills_the_height() -> None:
    chart = drawn(builders.latencies(3000))
    assert "█" in chart.rows[0]


def test_a_single_slow_request_among_many_is_not_blank() -> None:
    chart = drawn([0.001] * 100_000 + [1.0])
    assert chart.rows[-1].rstrip()[-1] == "▁"
    assert len(chart.rows[-1].rstrip()) >= 59


def test_two_modes_are_two_hills_with_a_gap() -> None:
    chart = drawn([0.001] * 500 + [0.1] * 500)
    assert len(chart.rows[0].split()) == 2


def test_percentiles_are_marked_in_order_and_ends_are_labelled() -> None:
    chart = drawn(builders.latencies(3000))
    assert chart.axis.count("┴") == 3
    assert chart.p95 < chart.p99
    assert chart.labels.lstrip().startswith("1.")
    assert "p50 4.9" in chart.labels


def test_labels_that_would_touch_are_left_out() -> None:
    assert "p95" not in drawn([0.005] * 1000, width=24).labels


def test_the_plain_chart_is_ascii() -> None:
    chart = drawn(builders.latencies(300), glyphs=ASCII)
    assert "".join(chart.rows).isascii() and chart.axis.isascii()
