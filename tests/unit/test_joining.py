"""Several reports as one: what is the same is added up exactly, what is not stands beside it."""

from __future__ import annotations

import dataclasses

from builders import ENVIRONMENT, case, histogram, judged, latencies, report, result
from measured import limit
from measured import result as measured

from perfplug.comparing import Compared
from perfplug.joining import joined
from perfplug.report import Case, Report
from perfplug.sla import Verdict, judge


def run(times: list[float], *, started_at: float) -> Case:
    promise = limit(p95="100ms")
    seen = measured(times, promise, started_at=started_at)
    return Case.of("test_x", seen, tuple(judge(seen, [promise])))


def test_one_report_is_itself() -> None:
    only = report()
    assert joined([only]) is only


def test_other_tests_stand_side_by_side() -> None:
    cases = joined([report(case(test="test_a")), report(case(test="test_b"))]).cases
    assert [one.test for one in cases] == ["test_a", "test_b"]


def test_histograms_of_the_same_load_are_added_up_exactly() -> None:
    first, second = latencies(3000, seed=1), latencies(2000, seed=2)
    whole = joined([report(run(second, started_at=2.0)), report(run(first, started_at=1.0))]).cases
    assert len(whole) == 1
    both = histogram([*first, *second])
    assert whole[0].result.latency.encode() == both.encode()
    assert (whole[0].result.requests, whole[0].result.ok, whole[0].result.duration) == (5000, 5000, 20.0)


def test_the_limits_are_judged_again_on_all_of_it() -> None:
    quick, slow = [0.01] * 4000, [0.2] * 4000
    reports = [report(run(quick, started_at=1.0)), report(run(slow, started_at=2.0))]
    assert [one.cases[0].verdict for one in reports] == [Verdict.PASS, Verdict.FAIL]
    whole = joined(reports).cases[0]
    assert whole.judged[0].verdict is Verdict.FAIL
    assert whole.judged[0].requests == 8000


def test_a_load_with_other_limits_is_another_load() -> None:
    strict = case(dataclasses.replace(judged(), limit=dataclasses.replace(judged().limit, value=0.05)))
    assert len(joined([report(case()), report(strict)]).cases) == 2


def test_a_target_that_was_away_once_does_not_vanish() -> None:
    away = result(good=0, unreachable="refused", slices=(), duration=0.0)
    lost = case(result=away, verdict=Verdict.INVALID)
    whole = joined([report(case()), report(lost)]).cases
    assert [one.result.unreachable for one in whole] == [None, "refused"]


def test_the_most_alarming_comparison_stays_and_counts() -> None:
    fine, bad = (Compared(metric="p95", verdict=verdict) for verdict in (Verdict.PASS, Verdict.FAIL))
    whole = joined([report(case().compared((bad,))), report(case().compared((fine,)))]).cases
    assert len(whole) == 1
    assert (whole[0].comparison, whole[0].verdict) == ((bad,), Verdict.FAIL)


def test_what_differs_between_the_machines_is_not_made_up() -> None:
    other = Report(environment={**ENVIRONMENT, "cpu": "Another CPU"}, cases=(case(test="test_b"),))
    environment = joined([report(), other]).environment
    assert (environment["cpu"], environment["cores"]) == (None, 2)
