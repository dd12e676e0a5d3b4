"""Change points: found where they are, and hardly ever where they are not."""

from __future__ import annotations

import random

from perfplug.stats.change_points import LONGEST, SHORTEST, change_points


def noise(count: int, *, level: float = 0.0, seed: int = 3) -> list[float]:
    chance = random.Random(seed)
    return [level + chance.gauss(0.0, 0.05) for _ in range(count)]


def test_a_step_of_three_standard_deviations_is_found_to_the_run() -> None:
    assert change_points(noise(20) + noise(20, level=0.15, seed=4)) == [20]


def test_steps_up_and_down_are_both_found() -> None:
    series = noise(25) + noise(25, level=0.3, seed=4) + noise(25, level=0.05, seed=5)
    assert change_points(series) == [25, 50]


def test_steady_noise_has_none_in_997_of_1000_histories() -> None:
    assert sum(bool(change_points(noise(30, seed=seed))) for seed in range(1000)) <= 3


def test_a_single_outlier_is_no_change() -> None:
    series = noise(40)
    series[20] = 5.0
    assert change_points(series) == []


def test_what_never_varies_has_none() -> None:
    assert change_points([1.0] * 50) == []


def test_too_few_values_have_none() -> None:
    assert change_points([0.0] * (SHORTEST - 1) + [9.0] * SHORTEST) == []
    assert change_points([]) == []


def test_the_same_series_always_has_the_same() -> None:
    series = noise(30) + noise(30, level=0.06, seed=9)
    assert change_points(series) == change_points(series)


def test_a_different_spread_is_a_change_as_well() -> None:
    calm = [value / 20.0 for value in noise(60)]
    assert len(change_points(calm + noise(60, seed=8))) == 1


def test_of_a_long_history_the_end_is_searched() -> None:
    early = noise(30) + noise(30, level=1.0, seed=4)
    assert change_points(early + noise(LONGEST, level=1.0, seed=5)) == []
