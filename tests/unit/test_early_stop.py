"""Runs that may stop early: what users write, how they are judged and told, and what files keep of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from measured import limit, result, spread_evenly

from perfplug.errors import UsageError
from perfplug.merging import merged
from perfplug.plan import Load
from perfplug.report import Case, Report
from perfplug.report.json_report import JsonReport
from perfplug.report.load import parse_report
from perfplug.report.wording import load_words, notes
from perfplug.result import Answer, Decided, EarlyStop, Result
from perfplug.sla import Limit, Verdict, judge
from perfplug.spec import make_plan

P99 = limit(p99="100ms")
GOOD, BAD = spread_evenly(1000, 2), spread_evenly(1000, 40)


def load_of(**said: Any) -> Load:
    said.setdefault("limits", [P99])
    return make_plan(where="t", url="http://127.0.0.1:8000/", **said).load


def stopped(times: list[float], *answers: tuple[Limit, Answer], after: float | None = 0.4, **changes: Any) -> Result:
    decided = tuple(Decided(metric=one.metric, value=one.value, answer=answer, requests=300) for one, answer in answers)
    load = Load(users=5, duration=60.0, early_stop=True)
    limits = [one for one, _ in answers]
    return result(times, *limits, load=load, early_stop=EarlyStop(after=after, decided=decided), **changes)


def verdict(times: list[float], answer: Answer, **changes: Any) -> Any:
    return judge(stopped(times, (P99, answer), **changes), [P99])[0]


def test_auto_ends_when_decided_and_takes_a_minute_at_most() -> None:
    load = load_of(duration="auto")
    assert (load.duration, load.early_stop, load.warmup) == (60.0, True, 1.0)
    assert load_of(duration="AUTO", budget="5s").duration == 5.0


def test_without_it_a_run_takes_all_of_its_time() -> None:
    assert load_of() == Load(users=1, duration=10.0, warmup=1.0)
    assert not load_of(duration="3s", budget="5s").early_stop


def test_the_setting_makes_the_said_duration_the_most_and_that_of_others_the_budget() -> None:
    assert load_of(early_stop=True, duration="3s") == Load(duration=3.0, warmup=0.3, early_stop=True)
    assert load_of(early_stop=True, budget="20s").duration == 20.0


def test_a_number_of_requests_and_a_load_without_limits_are_left_alone() -> None:
    assert not load_of(early_stop=True, requests=100).early_stop
    assert load_of(early_stop=True, limits=[]) == Load(duration=10.0, warmup=1.0)


def test_quick_caps_the_budget_too() -> None:
    short, usual = load_of(duration="auto", quick=True), load_of(duration="10s", quick=True)
    assert short.early_stop
    assert (short.duration, short.warmup) == (usual.duration, usual.warmup)


@pytest.mark.parametrize(
    "said, complaint",
    [
        ({"duration": "auto", "limits": []}, "t: duration: 'auto' ends when every limit is decided, and there is none"),
        ({"duration": "auto", "requests": 5}, "t: duration and requests were both given"),
        ({"duration": "auto", "budget": "0s"}, "t: budget: '0s' is not above 0 seconds"),
        ({"duration": "auto", "budget": "soon"}, "t: budget: 'soon'"),
    ],
)
def test_what_cannot_be_is_said_with_its_place_and_word(said: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UsageError) as raised:
        load_of(**said)
    assert str(raised.value).startswith(complaint)


def test_the_answer_that_ended_the_run_is_the_verdict() -> None:
    assert verdict(GOOD, "holds").verdict is Verdict.PASS
    assert verdict(BAD, "broken").verdict is Verdict.FAIL
    near = verdict(spread_evenly(1000, 2, quick=0.095), "holds")
    assert (near.verdict, near.cause) == (Verdict.WARN, "within 10% of the limit")


def test_what_was_left_open_is_inconclusive_whatever_all_requests_together_would_say() -> None:
    for times in (GOOD, BAD, spread_evenly(1000, 10)):
        judged = verdict(times, "open", after=None)
        assert judged.verdict is Verdict.INCONCLUSIVE
        assert judged.cause
    assert verdict(spread_evenly(1000, 8), "open", after=None).needed is not None


def test_the_figures_are_of_all_requests() -> None:
    judged = verdict(GOOD, "holds")
    assert judged.requests == 1000
    assert judged.low is not None and judged.low <= judged.observed
    assert judged.needed is None


def test_a_limit_that_was_not_watched_is_left_open() -> None:
    other = limit(p95="100ms")
    made = stopped(GOOD, (P99, "holds"))
    assert judge(made, [other])[0].verdict is Verdict.INCONCLUSIVE


def test_a_spoiled_client_still_spoils_a_failure_and_no_pass() -> None:
    spoiled = {"valid": False, "causes": ("client CPU: busy",), "stamped": 0}
    assert verdict(GOOD, "holds", client=spoiled).verdict is Verdict.PASS
    assert verdict(BAD, "broken", client=spoiled).verdict is Verdict.INVALID


def test_people_are_told_that_it_stopped_early_and_why() -> None:
    made = stopped(GOOD, (P99, "holds"))
    assert load_words(made.plan.load) == "5 users, at most 60 s"
    assert notes(made) == ["stopped early, after 400 ms: every limit was decided"]
    late = stopped(GOOD, (P99, "open"), after=None)
    assert notes(late) == ["went on for its 60 s: p99 was not decided before"]


def test_files_keep_what_decided() -> None:
    made = stopped(GOOD, (P99, "holds"))
    case = Case.of("test", made, judge(made, [P99]))
    text = JsonReport().render(Report(environment={}, cases=(case,)))
    run = json.loads(text)["runs"][0]
    assert run["load"]["early_stop"] is True
    assert run["early_stop"] == {
        "after": 0.4,
        "decided": [{"metric": "p99", "value": 0.1, "answer": "holds", "requests": 300}],
    }
    read = parse_report(text, where="f").cases[0].result
    assert (read.early_stop, read.plan.load) == (made.early_stop, made.plan.load)


def test_files_from_before_there_was_such_a_thing_are_read() -> None:
    made = result(GOOD, P99)
    document = json.loads(JsonReport().render(Report(environment={}, cases=(Case.of("test", made, ()),))))
    del document["runs"][0]["early_stop"], document["runs"][0]["load"]["early_stop"]
    read = parse_report(json.dumps(document), where="f").cases[0].result
    assert read.early_stop is None and not read.plan.load.early_stop


def test_an_answer_that_all_requests_together_contradict_is_no_verdict() -> None:
    pairs: list[tuple[list[float], Answer]] = [(BAD, "holds"), (GOOD, "broken")]
    for times, answer in pairs:
        judged = verdict(times, answer)
        assert judged.verdict is Verdict.INCONCLUSIVE
        assert judged.cause == "the requests that decided and all requests together do not say the same"


def test_several_runs_put_together_are_judged_by_all_of_them() -> None:
    near = spread_evenly(1000, 9)
    once = stopped(near, (P99, "holds"))
    assert judge(merged([once]), [P99])[0].verdict is Verdict.PASS
    both = merged([once, stopped(near, (P99, "holds"))])
    assert both.early_stop is None
    assert judge(both, [P99])[0].verdict is Verdict.INCONCLUSIVE
