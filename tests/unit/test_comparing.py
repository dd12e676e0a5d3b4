"""Verdicts of a run against earlier ones."""

from __future__ import annotations

import dataclasses
import random

import pytest
from earlier import figures, pair, past

from perfplug.comparing import EVERYTHING, Compared, compare, describe, summary, unavailable
from perfplug.measurement import METRICS
from perfplug.past import Past
from perfplug.sla import Verdict


def verdicts(compared: tuple[Compared, ...]) -> dict[str, Verdict]:
    return {one.metric: one.verdict for one in compared}


def one(compared: tuple[Compared, ...], metric: str) -> Compared:
    return next(found for found in compared if found.metric == metric)


def test_a_run_like_the_earlier_ones_passes_in_every_metric() -> None:
    [compared] = compare([pair(figures(), past(20))])
    assert verdicts(compared) == dict.fromkeys(METRICS, Verdict.PASS)


def test_a_run_half_as_fast_again_fails_in_all_but_the_error_rate() -> None:
    [compared] = compare([pair(figures(times=1.5), past(20))])
    assert verdicts(compared) == {**dict.fromkeys(METRICS, Verdict.FAIL), "error_rate": Verdict.PASS}
    assert one(compared, "p95").change == pytest.approx(0.5, abs=0.05)
    assert one(compared, "throughput").change == pytest.approx(-1 / 3, abs=0.05)


def test_a_faster_run_passes() -> None:
    [compared] = compare([pair(figures(times=0.5), past(20))])
    assert set(verdicts(compared).values()) == {Verdict.PASS}


def test_only_the_metric_that_is_worse_fails() -> None:
    [compared] = compare([pair(figures(p99=0.04), past(20))])
    assert {metric for metric, verdict in verdicts(compared).items() if verdict is Verdict.FAIL} == {"p99"}


def test_within_the_margin_nothing_is_a_regression_however_sure_it_is() -> None:
    steady = past(20, spread=0.0005)
    [within] = compare([pair(figures(times=1.025), steady)])
    [beyond] = compare([pair(figures(times=1.04), steady)])
    assert (one(within, "p95").verdict, one(beyond, "p95").verdict) == (Verdict.PASS, Verdict.FAIL)


def test_a_test_of_its_own_tolerance_is_judged_by_that() -> None:
    steady = past(20, spread=0.0005)
    [compared] = compare([pair(figures(times=1.15), steady, regression=0.20)])
    assert one(compared, "p95").verdict is Verdict.PASS
    [compared] = compare([pair(figures(times=1.25), steady, regression=0.20)])
    assert one(compared, "p95").verdict is Verdict.FAIL


def test_a_tolerance_that_the_noise_does_not_allow_to_show_is_inconclusive() -> None:
    [compared] = compare([pair(figures(), past(20, spread=0.06), regression=0.05)])
    assert one(compared, "p95").verdict is Verdict.INCONCLUSIVE
    assert "cannot be told from chance" in one(compared, "p95").cause


@pytest.mark.parametrize("times", [0.5, 1.0, 1.3])
def test_with_few_runs_only_what_clears_the_spread_between_machines_counts_and_nothing_passes(times: float) -> None:
    [compared] = compare([pair(figures(times=times), past(3))])
    assert set(verdicts(compared).values()) == {Verdict.INCONCLUSIVE}
    assert {found.cause for found in compared} == {"few runs"}


def test_with_few_runs_twice_the_time_is_a_regression_nevertheless() -> None:
    [compared] = compare([pair(figures(times=2.0), past(3))])
    assert one(compared, "p95").verdict is Verdict.FAIL


def test_with_few_runs_of_few_requests_twice_the_time_is_not() -> None:
    [compared] = compare([pair(figures(times=2.0, error=0.4), past(3))])
    assert one(compared, "p95").verdict is Verdict.INCONCLUSIVE


def test_a_run_too_short_to_know_its_own_error_is_inconclusive_with_that_cause() -> None:
    [compared] = compare([pair(figures(times=2.0, error=None), past(3))])
    assert "too few" in one(compared, "p95").cause
    assert one(compared, "p95").low is None


def test_a_shorter_run_than_the_earlier_ones_must_say_more_to_fail() -> None:
    before = past(20, requests=100_000)
    [long_run] = compare([pair(figures(times=1.2, requests=100_000, error=0.1), before)])
    [short_run] = compare([pair(figures(times=1.2, requests=1_000, error=0.1), before)])
    assert (one(long_run, "p95").verdict, one(short_run, "p95").verdict) == (Verdict.FAIL, Verdict.INCONCLUSIVE)


def test_without_any_run_there_is_one_line_with_its_reason() -> None:
    [compared] = compare([pair(figures(), Past(cause="it has no run in the baseline"))])
    assert compared == unavailable("it has no run in the baseline")
    assert compared[0].metric == EVERYTHING
    assert compared[0].verdict is Verdict.INCONCLUSIVE


def test_errors_where_there_were_none_are_a_regression() -> None:
    [compared] = compare([pair(figures(failed=100), past(20))])
    found = one(compared, "error_rate")
    assert found.verdict is Verdict.FAIL
    assert (found.baseline, found.observed, found.change) == (0.0, 0.01, 0.01)


def test_a_single_error_in_ten_thousand_is_none() -> None:
    [compared] = compare([pair(figures(failed=1), past(20))])
    assert one(compared, "error_rate").verdict is Verdict.PASS


def test_errors_that_come_together_are_fewer_witnesses() -> None:
    at_once = dataclasses.replace(figures(failed=40), dependence=40.0)
    [together] = compare([pair(at_once, past(20))])
    [apart] = compare([pair(figures(failed=40), past(20))])
    assert one(apart, "error_rate").verdict is Verdict.FAIL
    assert one(together, "error_rate").verdict is not Verdict.FAIL


def test_an_error_rate_that_always_changed_a_lot_may_change_again() -> None:
    chance = random.Random(2)
    uneven = Past(runs=tuple(figures(failed=chance.choice([0, 0, 0, 400])) for _ in range(20)), alike=True)
    [compared] = compare([pair(figures(failed=300), uneven)])
    assert one(compared, "error_rate").verdict is Verdict.INCONCLUSIVE


def test_a_quantile_among_the_failed_requests_is_not_compared() -> None:
    [compared] = compare([pair(figures(failed=900, p95=None), past(20))])
    assert "failed requests" in one(compared, "p95").cause
    assert one(compared, "error_rate").verdict is Verdict.FAIL


def test_a_metric_that_the_baseline_lacks_says_so() -> None:
    [compared] = compare([pair(figures(p90=0.01), past(20, p90=None), metrics=("p90",))])
    assert compared[0].cause == "the baseline has no value of it"


def test_a_regression_under_a_spoiled_client_is_invalid_and_a_pass_stands() -> None:
    spoiled = ("a worker was busy",)
    [worse] = compare([pair(figures(times=2.0, causes=spoiled), past(20))])
    [like] = compare([pair(figures(causes=spoiled), past(20))])
    assert (one(worse, "p95").verdict, one(worse, "p95").cause) == (Verdict.INVALID, "a worker was busy")
    assert one(like, "p95").verdict is Verdict.PASS


def test_among_many_comparisons_a_lucky_one_is_no_alarm() -> None:
    before = past(20, spread=0.05)
    worse = pair(figures(p95=0.0123), before, metrics=("p95",))
    [alone] = compare([worse])
    [among] = compare([worse], family=1000)
    assert (alone[0].verdict, among[0].verdict) == (Verdict.FAIL, Verdict.INCONCLUSIVE)
    assert "1,000 comparisons" in among[0].cause


def test_a_hundred_quiet_loads_raise_no_alarm() -> None:
    chance = random.Random(8)
    pairs = [pair(figures(times=1.0 + chance.gauss(0.0, 0.02)), past(20, seed=seed)) for seed in range(100)]
    assert not [found for compared in compare(pairs) for found in compared if found.verdict is Verdict.FAIL]


def test_a_comparison_in_words() -> None:
    [compared] = compare([pair(figures(times=1.5), past(20))])
    line = describe(one(compared, "p95"))
    assert line.startswith("p95 15.0 ms, ")
    assert " in the baseline, +" in line
    assert line.endswith(": FAIL")
    assert describe(unavailable("no such file")[0]) == "not compared with the baseline: INCONCLUSIVE (no such file)"


def test_what_has_one_cause_is_said_in_one_line() -> None:
    [compared] = compare([pair(figures(), past(3))])
    assert summary(compared) == ["p50, p95, p99, throughput, error rate against the baseline: INCONCLUSIVE (few runs)"]
    [compared] = compare([pair(figures(times=3.0), past(20))])
    assert len(summary([found for found in compared if found.verdict is Verdict.FAIL])) == 4
