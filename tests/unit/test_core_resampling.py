"""resampled_quantiles: what the binding adds to hist_sums.c, which tests/c covers."""

from __future__ import annotations

import random
from array import array

import pytest
from builders import histogram, latencies

from perfplug.histogram import Histogram, resampled_quantiles

PARTS = [histogram(latencies(200, median=0.001 * (1 + seed), seed=seed)) for seed in range(5)]


def added_up(draw: list[int]) -> Histogram:
    total = Histogram()
    for index in draw:
        total.add(PARTS[index])
    return total


def test_each_resample_has_the_quantiles_of_the_drawn_parts_together() -> None:
    chance = random.Random(3)
    draws = [chance.choices(range(5), k=5) for _ in range(20)]
    medians, tails = resampled_quantiles(PARTS, array("I", [part for draw in draws for part in draw]), (0.5, 0.95))
    assert medians == pytest.approx([added_up(draw).quantile(0.5) for draw in draws], rel=1e-9)
    assert tails == pytest.approx([added_up(draw).quantile(0.95) for draw in draws], rel=1e-9)


def test_no_draws_and_no_quantiles_give_empty_lists() -> None:
    assert resampled_quantiles(PARTS, b"", (0.5,)) == [[]]
    assert resampled_quantiles(PARTS, array("I", range(5)), ()) == []


def test_a_resample_of_empty_parts_is_zero() -> None:
    assert resampled_quantiles([Histogram(), PARTS[0]], array("I", [0, 0]), (0.5,)) == [[0.0]]


@pytest.mark.parametrize(
    ("draws", "complaint"),
    [
        (array("I", [0, 1, 2, 3, 5]), "there is no part 5"),
        (array("I", [0, 1, 2, 3]), "as many for each resample as there are parts"),
        (b"abc", "32-bit indices"),
    ],
)
def test_draws_that_are_not_indices_of_parts_are_refused(draws: bytes, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        resampled_quantiles(PARTS, draws, (0.5,))


def test_parts_that_do_not_add_up_are_refused() -> None:
    for parts in ([], [Histogram(3), Histogram(2)], [PARTS[0], None]):
        with pytest.raises(ValueError, match="same digits and maximum"):
            resampled_quantiles(parts, b"", (0.5,))  # type: ignore[arg-type]


def test_a_quantile_outside_0_to_1_is_refused() -> None:
    for q in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="between 0 and 1"):
            resampled_quantiles(PARTS, array("I", range(5)), (q,))
    with pytest.raises(TypeError):
        resampled_quantiles(PARTS, array("I", range(5)), ("p95",))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        resampled_quantiles(7, b"", (0.5,))  # type: ignore[arg-type]
