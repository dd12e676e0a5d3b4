"""Holm's procedure: by hand, against its definition, and in what it promises."""

import random

import pytest

from perfplug.stats.holm import adjusted, holm


def test_adjusted_values_are_those_of_the_textbook() -> None:
    assert adjusted([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_the_smallest_is_held_against_alpha_over_all_of_them() -> None:
    assert holm([0.02, 0.9, 0.9], 0.05) == [False, False, False]
    assert holm([0.016, 0.9, 0.9], 0.05) == [True, False, False]


def test_after_the_first_that_stands_nothing_is_rejected() -> None:
    assert holm([0.001, 0.03, 0.031], 0.05) == [True, False, False]
    assert holm([0.001, 0.02, 0.05], 0.05) == [True, True, True]


def test_no_tests_give_no_answers() -> None:
    assert holm([], 0.05) == []
    assert adjusted([]) == []


def test_a_single_test_is_not_corrected() -> None:
    assert adjusted([0.04]) == [0.04]


@pytest.mark.parametrize("bad", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="not a probability"):
        holm([0.5, bad], 0.05)


def test_it_rejects_what_the_step_down_procedure_rejects() -> None:
    rng = random.Random(3)
    for _ in range(200):
        values = [rng.random() ** 4 for _ in range(rng.randint(1, 12))]
        order = sorted(range(len(values)), key=values.__getitem__)
        expected = [False] * len(values)
        for step, at in enumerate(order):
            if values[at] > 0.05 / (len(values) - step):
                break
            expected[at] = True
        assert holm(values, 0.05) == expected


def test_with_nothing_to_find_one_family_in_twenty_raises_an_alarm_at_most() -> None:
    rng = random.Random(7)
    families = 4000
    alarms = sum(any(holm([rng.random() for _ in range(25)], 0.05)) for _ in range(families))
    assert alarms <= 0.06 * families
