"""perfplug._core.Histogram: what the binding adds to hist.c, which tests/c covers."""

from __future__ import annotations

import copy
import math
import pickle

import pytest
from hdrh.histogram import HdrHistogram

from perfplug._core import Histogram
from perfplug.histogram import from_text, to_text


def filled(*seconds: float) -> Histogram:
    histogram = Histogram()
    for value in seconds:
        histogram.record(value)
    return histogram


def test_an_empty_histogram_answers_zero_everywhere() -> None:
    empty = Histogram()
    assert (empty.count, empty.min, empty.max, empty.mean, empty.stdev) == (0, 0.0, 0.0, 0.0, 0.0)
    assert empty.quantile(0.99) == 0.0
    assert empty.buckets() == []
    assert empty.count_at_or_above(0.0) == 0
    assert repr(empty) == "<Histogram: empty>"


def test_single_recordings_keep_their_nanoseconds() -> None:
    histogram = filled(0.001234567, 0.000000001, 0.75)
    assert histogram.min == 0.000000001
    assert histogram.max == 0.75
    assert histogram.mean == pytest.approx((0.001234567 + 0.000000001 + 0.75) / 3, abs=1e-12)


def test_many_at_once_count_as_many() -> None:
    histogram = Histogram()
    histogram.record(0.002, 1_000_000)
    histogram.record(0.004, count=0)
    assert histogram.count == 1_000_000
    assert histogram.quantile(1.0) == pytest.approx(0.002, rel=1e-3)


def test_values_outside_the_range_count_at_its_ends() -> None:
    histogram = Histogram(max_seconds=1.0)
    for value in (-5.0, 1e30, math.inf):
        histogram.record(value)
    assert histogram.count == 3
    assert histogram.min == 0.0
    assert histogram.quantile(1.0) == pytest.approx(1.0, rel=2e-3)


@pytest.mark.parametrize("call", [lambda h: h.record(math.nan), lambda h: h.count_at_or_above(math.nan)])
def test_nan_is_no_time(call) -> None:
    with pytest.raises(ValueError, match="not nan"):
        call(Histogram())


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="count is at least 0"):
        Histogram().record(1.0, -1)


@pytest.mark.parametrize("q", [-0.01, 1.01, math.nan])
def test_a_quantile_outside_zero_to_one_is_refused(q: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        filled(1.0).quantile(q)


def test_rank_edges_hold_the_recording_of_that_rank() -> None:
    values = [0.001 * i for i in range(1, 101)]
    histogram = filled(*values)
    for rank in (1, 50, 100):
        low, high = histogram.rank_edges(rank)
        assert low <= values[rank - 1] <= high


@pytest.mark.parametrize("rank", [0, -1, 4])
def test_a_rank_that_was_not_recorded_is_an_index_error(rank: int) -> None:
    with pytest.raises(IndexError, match="of 3 recordings"):
        filled(0.1, 0.2, 0.3).rank_edges(rank)


def test_count_at_or_above_splits_the_recordings() -> None:
    histogram = filled(0.010, 0.020, 0.030)
    assert [histogram.count_at_or_above(s) for s in (0.0, 0.015, 0.025, 0.5)] == [3, 2, 1, 0]


def test_buckets_rise_and_hold_every_recording() -> None:
    histogram = filled(0.5, 0.001, 0.001, 30.0)
    buckets = histogram.buckets()
    assert sum(count for _, _, count in buckets) == 4
    assert buckets == sorted(buckets)
    assert all(low < high for low, high, _ in buckets)
    assert buckets[0][2] == 2


def test_adding_is_recording_the_other_too() -> None:
    one, other = filled(0.1, 0.2), filled(0.3)
    one.add(other)
    assert (one.count, one.max, other.count) == (3, 0.3, 1)


def test_histograms_of_different_layouts_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="do not add up"):
        Histogram().add(Histogram(digits=2))
    with pytest.raises(TypeError, match="takes a Histogram, not str"):
        Histogram().add("x")  # type: ignore[arg-type]


@pytest.mark.parametrize("make", [Histogram.copy, copy.copy, copy.deepcopy])
def test_a_copy_is_exact_and_its_own(make) -> None:
    original = Histogram(digits=2, max_seconds=10.0)
    original.record(0.123456789)
    twin = make(original)
    original.record(5.0)
    assert (twin.count, twin.min, twin.max, twin.mean) == (1, 0.123456789, 0.123456789, 0.123456789)
    twin.add(original)  # the same layout
    assert twin.count == 3


def test_encoding_comes_back_with_the_same_buckets() -> None:
    histogram = filled(*(1e-6 * 1.37**i for i in range(60)))
    twin = Histogram.decode(histogram.encode())
    assert twin.buckets() == histogram.buckets()
    assert from_text(to_text(histogram)).buckets() == histogram.buckets()


def test_pickling_keeps_the_buckets() -> None:
    histogram = filled(0.001, 0.5)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(histogram, protocol)).buckets() == histogram.buckets()


def test_other_hdr_tools_read_our_text() -> None:
    histogram = filled(0.001, 0.002, 0.002, 1.5)
    theirs = HdrHistogram.decode(to_text(histogram))
    assert theirs.get_total_count() == 4
    assert theirs.get_value_at_percentile(50) == 2000
    assert theirs.get_count_at_value(2000) == 2


@pytest.mark.parametrize("data", [b"", b"\0" * 40, b"nonsense", bytes(range(256))])
def test_what_is_no_encoding_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="not an HdrHistogram V2 encoding"):
        Histogram.decode(data)


def test_every_truncation_of_an_encoding_is_refused_or_smaller() -> None:
    encoded = filled(0.001, 0.5, 2.0).encode()
    for length in range(len(encoded)):
        with pytest.raises(ValueError):
            Histogram.decode(encoded[:length])


@pytest.mark.parametrize("digits", [0, 6, -1])
def test_digits_lie_between_one_and_five(digits: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 5"):
        Histogram(digits=digits)


@pytest.mark.parametrize("max_seconds", [0.0, -1.0, 1e9, math.inf, math.nan])
def test_a_senseless_maximum_is_refused(max_seconds: float) -> None:
    with pytest.raises(ValueError):
        Histogram(max_seconds=max_seconds)


def test_the_type_is_final_and_immutable() -> None:
    with pytest.raises(TypeError):
        type("Sub", (Histogram,), {})
    with pytest.raises(TypeError):
        Histogram.record = None  # type: ignore[assignment,method-assign]
