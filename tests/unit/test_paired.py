"""Verdicts on pairs of blocks, from blocks made by hand."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from builders import histogram

from perfplug.comparing import Compared
from perfplug.limits import Verdict
from perfplug.measurement import METRICS, Block
from perfplug.paired import Allowance, BlockPair, compare, suspicious

ALLOWED = Allowance()


def block(chance: random.Random, slower: float = 1.0, *, requests: int = 200, errors: int = 0) -> Block:
    level = 0.005 * slower * math.exp(chance.gauss(0.0, 0.01))
    times = [level * math.exp(chance.gauss(0.0, 0.2)) for _ in range(requests - errors)]
    return Block(width=max(sum(times), 1e-3), requests=requests, errors=errors, latency=histogram(times))


def measured(
    count: int, slower: float = 1.0, *, seed: int = 1, errors: Callable[[int], tuple[int, int]] = lambda at: (0, 0)
) -> list[BlockPair]:
    """``errors`` says how many of base and head fail in a pair."""
    chance = random.Random(seed)
    return [(block(chance, errors=errors(at)[0]), block(chance, slower, errors=errors(at)[1])) for at in range(count)]


def by_metric(compared: tuple[Compared, ...]) -> dict[str, Compared]:
    assert [one.metric for one in compared] == list(METRICS)
    return {one.metric: one for one in compared}


def verdicts(compared: tuple[Compared, ...]) -> set[Verdict]:
    return {one.verdict for one in compared}


def test_the_same_on_both_sides_passes_and_needs_no_fresh_pairs() -> None:
    pairs = measured(20)
    assert not suspicious(pairs, ALLOWED)
    compared = by_metric(compare(pairs, [], ALLOWED))
    assert {compared[metric].verdict for metric in ("p50", "p95", "throughput")} == {Verdict.PASS}
    assert all(one.against == "base" and one.runs == 20 for one in compared.values())


def test_a_slower_head_fails_once_fresh_pairs_confirm_it() -> None:
    first, fresh = measured(20, 1.2, seed=1), measured(40, 1.2, seed=2)
    assert suspicious(first, ALLOWED)
    compared = by_metric(compare(first, fresh, ALLOWED))
    for metric, change in (("p50", 0.2), ("p95", 0.2), ("throughput", 1 / 1.2 - 1)):
        one = compared[metric]
        assert one.verdict is Verdict.FAIL
        assert one.change == pytest.approx(change, abs=0.02)
        assert one.low is not None and one.high is not None and one.low < one.change < one.high


def test_without_fresh_pairs_nothing_is_a_fail() -> None:
    assert Verdict.FAIL not in verdicts(compare(measured(60, 1.5), [], ALLOWED))


def test_fresh_pairs_that_do_not_confirm_it_leave_it_undecided() -> None:
    compared = by_metric(compare(measured(20, 1.3), measured(40, 1.0, seed=2), ALLOWED))
    assert compared["p50"].verdict is Verdict.INCONCLUSIVE
    assert "do not show it" in compared["p50"].cause


def test_a_first_look_without_suspicion_is_not_overruled_by_fresh_pairs() -> None:
    assert Verdict.FAIL not in verdicts(compare(measured(20, 1.0), measured(40, 1.5, seed=2), ALLOWED))


def test_a_faster_head_passes() -> None:
    compared = by_metric(compare(measured(20, 0.5), [], ALLOWED))
    assert {compared[metric].verdict for metric in ("p50", "p95", "throughput")} == {Verdict.PASS}
    assert compared["throughput"].change == pytest.approx(1.0, abs=0.05)


def test_a_change_within_the_margin_is_no_fail_and_one_over_the_tolerance_no_pass() -> None:
    first, fresh = measured(20, 1.2, seed=1), measured(40, 1.2, seed=2)
    wide = by_metric(compare(first, fresh, Allowance(margin=0.3, tolerance=0.35)))
    assert wide["p50"].verdict is Verdict.PASS
    between = by_metric(compare(first, fresh, Allowance(margin=0.3, tolerance=0.1)))
    assert between["p50"].verdict is Verdict.INCONCLUSIVE


def test_a_small_share_of_the_allowance_asks_for_more() -> None:
    first, fresh = measured(6, 1.08, seed=1), measured(12, 1.08, seed=2)
    alone = by_metric(compare(first, fresh, ALLOWED))["p50"]
    among = by_metric(compare(first, fresh, ALLOWED, share=1e-9))["p50"]
    assert alone.verdict is Verdict.FAIL
    assert among.verdict is Verdict.INCONCLUSIVE
    assert "chance" in among.cause


def test_a_fail_for_which_the_client_may_be_to_blame_is_invalid() -> None:
    first, fresh = measured(10, 1.3, seed=1), measured(20, 1.3, seed=2)
    one = by_metric(compare(first, fresh, ALLOWED, causes=["no local ports left"]))["p50"]
    assert (one.verdict, one.cause) == (Verdict.INVALID, "no local ports left")


def test_errors_in_every_block_of_the_head_fail_the_error_rate() -> None:
    first = measured(10, errors=lambda at: (0, 4))
    assert suspicious(first, ALLOWED)
    one = by_metric(compare(first, measured(20, seed=2, errors=lambda at: (0, 4)), ALLOWED))["error_rate"]
    assert one.verdict is Verdict.FAIL
    assert (one.observed, one.baseline, one.change) == (pytest.approx(0.02), 0.0, pytest.approx(0.02))


def test_errors_of_one_bad_moment_do_not() -> None:
    burst = measured(10, errors=lambda at: (0, 60 if at == 3 else 0))
    one = by_metric(compare(burst, measured(20, seed=2), ALLOWED))["error_rate"]
    assert one.verdict is not Verdict.FAIL
    assert one.observed == pytest.approx(60 / 6000)


def test_errors_of_both_sides_alike_pass() -> None:
    one = by_metric(compare(measured(30, errors=lambda at: (5, 5)), [], ALLOWED))["error_rate"]
    assert one.verdict is Verdict.PASS


def test_a_quantile_that_so_few_requests_do_not_have_is_undecided() -> None:
    chance = random.Random(1)
    few = [(block(chance, requests=20), block(chance, 5.0, requests=20)) for _ in range(10)]
    compared = by_metric(compare(few, few, ALLOWED))
    assert compared["p99"].verdict is Verdict.INCONCLUSIVE
    assert compared["p99"].cause == "400 good requests are too few for it"
    assert compared["p50"].verdict is Verdict.FAIL


def test_a_head_that_fails_every_request_fails_and_the_rest_is_undecided() -> None:
    dead = measured(10, errors=lambda at: (0, 200))
    compared = by_metric(compare(dead, dead, ALLOWED))
    assert compared["error_rate"].verdict is Verdict.FAIL
    assert compared["p50"].verdict is Verdict.INCONCLUSIVE
    assert compared["p50"].observed is None


def test_what_can_be_found_shrinks_with_more_pairs() -> None:
    few, many = (by_metric(compare(measured(count), [], ALLOWED)) for count in (8, 40))
    for metric in METRICS:
        if metric != "p99":
            assert many[metric].detectable < few[metric].detectable  # type: ignore[operator]
