"""Quantities as people write and read them."""

from __future__ import annotations

import math

import pytest

from perfplug import units
from perfplug.errors import UsageError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("200ms", 0.2),
        ("1.5s", 1.5),
        ("250us", 250e-6),
        ("250µs", 250e-6),
        ("250 μs", 250e-6),
        ("2m", 120.0),
        ("1h", 3600.0),
        ("90 sec", 90.0),
        ("1m30s", 90.0),
        ("1e3ms", 1.0),
        (" 100ms ", 0.1),
        (".5s", 0.5),
        ("0s", 0.0),
    ],
)
def test_a_duration_is_read_as_seconds(text: str, seconds: float) -> None:
    assert units.parse_duration(text) == pytest.approx(seconds, rel=1e-12)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("100", "'100' has no unit: write '100ms' or '100s'"),
        ("100 mz", "'mz' is not a unit of time"),
        ("1m30", "'1m30' is not a time"),
        ("soon", "'soon' is not a time"),
        ("", "'' is not a time"),
        ("-5ms", "'-5ms' is negative"),
        (0.1, "0.1 has no unit"),
        (None, "None is not a time"),
        (True, "True is not a time"),
        ("1e999s", "not a finite number"),
    ],
)
def test_a_bad_duration_is_named_with_what_would_be_right(value: object, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        units.parse_duration(value)
    assert told in str(caught.value)


def test_a_plain_number_is_seconds_only_where_the_caller_allows_it() -> None:
    assert units.parse_duration(2, allow_number=True) == 2.0
    assert units.parse_duration(0.25, allow_number=True) == 0.25
    for bad in (-1, math.nan, math.inf):
        with pytest.raises(UsageError):
            units.parse_duration(bad, allow_number=True)


@pytest.mark.parametrize(
    ("text", "rate"),
    [("500/s", 500.0), ("1k/s", 1000.0), ("1.5M/s", 1.5e6), ("30/min", 0.5), ("30 / m", 0.5), ("500 req/s", 500.0)],
)
def test_a_rate_is_read_per_second(text: str, rate: float) -> None:
    assert units.parse_rate(text) == pytest.approx(rate)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("500", "'500' has no unit: write '500/s'"),
        ("1k", "'1k' has no unit: write '1k/s'"),
        ("500/x", "'500/x' is not a rate"),
        ("-1/s", "'-1/s' is negative"),
        (500, "500 has no unit"),
    ],
)
def test_a_bad_rate_is_named_with_what_would_be_right(value: object, told: str) -> None:
    with pytest.raises(UsageError, match=r".") as caught:
        units.parse_rate(value)
    assert told in str(caught.value)


@pytest.mark.parametrize(("value", "share"), [("0.1%", 0.001), ("100 %", 1.0), (0.25, 0.25), (0, 0.0), (1, 1.0)])
def test_a_share_is_read_from_per_cent_or_from_a_number_up_to_one(value: object, share: float) -> None:
    assert units.parse_share(value) == pytest.approx(share)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("0.1", "'0.1' has no unit: write '0.1%'"),
        ("101%", "'101%' is not between 0% and 100%"),
        ("-1%", "'-1%' is not between 0% and 100%"),
        (5, "write '5%'"),
        ("5ms", "'5ms' is not a share"),
    ],
)
def test_a_bad_share_is_named_with_what_would_be_right(value: object, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        units.parse_share(value)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("value", "size"),
    [("4096", 4096), ("500MB", 500_000_000), ("10MiB", 10 * 2**20), ("1.5 kB", 1500), ("5k", 5000), (7, 7), ("3b", 3)],
)
def test_a_size_is_read_as_bytes(value: object, size: int) -> None:
    assert units.parse_size(value) == size


@pytest.mark.parametrize("value", ["5 XB", "-1", "many", None, 1.5, -1])
def test_a_bad_size_is_refused(value: object) -> None:
    with pytest.raises(UsageError):
        units.parse_size(value)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (850e-6, "850 µs"),
        (0.0123, "12.3 ms"),
        (1.2, "1.20 s"),
        (0.99949, "999 ms"),
        (0.9996, "1.00 s"),
        (125.0, "125 s"),
        (0.0, "0.00 µs"),
        (math.inf, "∞"),
    ],
)
def test_a_time_is_shown_with_three_digits_and_the_fitting_unit(seconds: float, text: str) -> None:
    assert units.format_duration(seconds) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0%"), (0.001, "0.1%"), (0.125, "12.5%"), (1.0, "100%"), (0.000123, "0.0123%")]
)
def test_a_share_is_shown_in_per_cent_with_the_digits_that_matter(share: float, text: str) -> None:
    assert units.format_share(share) == text


def test_rates_sizes_and_counts_are_shown_for_people() -> None:
    assert units.format_rate(226_000.4) == "226,000/s"
    assert units.format_rate(3.25) == "3.25/s"
    assert units.format_size(48) == "48 B"
    assert units.format_size(999_999) == "1.00 MB"
    assert units.format_size(5e9) == "5.00 GB"
    assert units.format_count(12345) == "12,345"


def test_the_nearest_word_is_offered_or_else_all_of_them() -> None:
    assert units.nearest("pm95", ["p95", "p99"]) == ": write 'p95'"
    assert units.nearest("xyzzy", ["p95", "p99"]) == ": write p95, p99"
