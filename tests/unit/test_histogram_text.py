"""The text form of histograms, against the hdrhistogram package, both ways."""

from __future__ import annotations

import base64
import random
import zlib

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from perfplug.histogram import Histogram, from_text, to_text

HOUR_US = 3_600_000_000
PERCENTS = (0.0, 25.0, 50.0, 90.0, 95.0, 99.0, 99.9, 99.99, 100.0)


def values(kind: str) -> list[int]:
    """Microseconds."""
    chance = random.Random(11)
    return {
        "nothing": [],
        "one": [5000],
        "zero": [0, 0, 1],
        "smallest and largest": [1, HOUR_US],
        "bucket edges": [2**power + step for power in range(31) for step in (-1, 0, 1) if 2**power + step > 0],
        "log-normal": [max(1, round(chance.lognormvariate(8.5, 0.7))) for _ in range(20_000)],
        "two far modes": [40] * 900 + [2_500_000] * 100,
    }[kind]


KINDS = ["nothing", "one", "zero", "smallest and largest", "bucket edges", "log-normal", "two far modes"]


def ours(recorded: list[int], digits: int = 3) -> Histogram:
    made = Histogram(digits)
    for value in recorded:
        made.record(value / 1e6)
    return made


def theirs(recorded: list[int], digits: int = 3) -> HdrHistogram:
    made = HdrHistogram(1, HOUR_US, digits)
    for value in recorded:
        made.record_value(value)
    return made


def counts_of_theirs(histogram: HdrHistogram) -> list[tuple[int, int]]:
    """(highest value of the bucket in µs, count), non-empty ones."""
    return [
        (item.value_iterated_to, item.count_at_value_iterated_to)
        for item in histogram.get_recorded_iterator()
        if item.count_at_value_iterated_to
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_what_we_write_the_hdrhistogram_package_reads_with_the_same_counts(kind: str) -> None:
    text = to_text(ours(values(kind)))
    read = HdrHistogram.decode(text)
    expected = theirs(values(kind))
    assert read.get_total_count() == expected.get_total_count()
    assert counts_of_theirs(read) == counts_of_theirs(expected)
    for percent in PERCENTS if values(kind) else ():
        assert read.get_value_at_percentile(percent) == expected.get_value_at_percentile(percent)


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_hdrhistogram_package_writes_we_read_with_the_same_counts(kind: str) -> None:
    read = from_text(theirs(values(kind)).encode().decode("ascii"))
    expected = ours(values(kind))
    assert read.count == expected.count
    assert read.buckets() == expected.buckets()
    for percent in PERCENTS:
        assert read.quantile(percent / 100) == pytest.approx(expected.quantile(percent / 100), rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("digits", [1, 2, 4])
def test_other_precisions_interchange_as_well(digits: int) -> None:
    recorded = values("log-normal")
    assert counts_of_theirs(HdrHistogram.decode(to_text(ours(recorded, digits)))) == counts_of_theirs(
        theirs(recorded, digits)
    )
    assert from_text(theirs(recorded, digits).encode().decode("ascii")).buckets() == ours(recorded, digits).buckets()


@settings(deadline=None)  # time is no failure on a loaded machine
@given(st.lists(st.integers(0, HOUR_US), max_size=200))
def test_any_histogram_comes_back_from_its_text(recorded: list[int]) -> None:
    made = ours(recorded)
    back = from_text(to_text(made))
    assert back.buckets() == made.buckets()
    assert back.count == made.count
    assert to_text(back) == to_text(made)


def test_histograms_read_from_text_can_be_added_up() -> None:
    total = from_text(to_text(ours([1000, 2000])))
    total.add(from_text(to_text(ours([3000]))))
    assert total.buckets() == ours([1000, 2000, 3000]).buckets()


def _envelope(cookie: int, payload: bytes, length: int | None = None) -> str:
    head = cookie.to_bytes(4, "big") + (len(payload) if length is None else length).to_bytes(4, "big")
    return base64.b64encode(head + payload).decode()


GOOD = zlib.compress(b"\x1c\x84\x93\x13" + bytes(36))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not base64!",
        "AAAA",
        _envelope(0, GOOD),
        _envelope(0x1C849314, GOOD, length=3),
        _envelope(0x1C849314, b"not deflated"),
        _envelope(0x1C849314, GOOD[:-6]),
        _envelope(0x1C849314, zlib.compress(b"")),
        _envelope(0x1C849314, zlib.compress(b"\xff" * 100)),
        _envelope(0x1C849314, zlib.compress(bytes(40 * 1024 * 1024))),
    ],
)
def test_anything_else_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_text(text)


@settings(deadline=None)
@given(st.data())
def test_a_damaged_text_is_an_error_or_another_histogram_and_never_a_crash(data: st.DataObject) -> None:
    raw = bytearray(base64.b64decode(to_text(ours(values("two far modes")))))
    payload = bytearray(zlib.decompress(bytes(raw[8:])))
    where = data.draw(st.integers(0, len(payload) - 1))
    payload[where] = data.draw(st.integers(0, 255))
    try:
        from_text(_envelope(0x1C849314, zlib.compress(bytes(payload))))
    except ValueError:
        return
