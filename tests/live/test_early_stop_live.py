"""Real runs that may stop early, and what they must not be taken in by."""

from __future__ import annotations

from collections.abc import Callable

from live_harness import Server, check_counts

from perfplug import engine
from perfplug.result import Result
from perfplug.sla import Verdict, judge, overall, parse_limits
from perfplug.spec import make_plan
from perfplug.stopping import watch_of

StartServer = Callable[..., Server]


def run(url: str, limits: dict[str, object], **load: object) -> tuple[Result, Verdict]:
    parsed = parse_limits(limits, where="test")
    plan = make_plan(where="test", url=url, limits=parsed, duration="auto", warmup=0, **load)  # type: ignore[arg-type]
    result = engine.run(plan, watch=watch_of(plan, parsed))
    check_counts(result)
    return result, overall(judge(result, parsed))


def test_a_healthy_service_is_passed_soon(serve: StartServer) -> None:
    result, verdict = run(serve().url("/ok"), {"p95": "200ms", "error_rate": "5%"}, users=4)
    assert verdict is Verdict.PASS
    assert result.early_stop is not None and result.early_stop.after is not None
    assert result.duration < 30.0


def test_a_service_that_is_away_now_and_then_is_not_passed_for_its_quick_answers(serve: StartServer) -> None:
    """Answers take 2 ms, or half a second one time in four: going by the first to end, a p90 of 50 ms would hold."""
    server = serve()
    result, verdict = run(server.url("/sometimes?every=4&seconds=0.5"), {"p90": "50ms"}, users=10, budget="20s")
    assert verdict is Verdict.FAIL
    assert result.early_stop is not None and result.early_stop.decided[0].answer == "broken"


def test_errors_fail_an_error_rate_early(serve: StartServer) -> None:
    result, verdict = run(serve().url("/status?code=503"), {"error_rate": "1%"}, users=4)
    assert verdict is Verdict.FAIL
    assert result.duration < 30.0


def test_a_throughput_that_is_there_ends_a_run_after_half_a_second(serve: StartServer) -> None:
    result, verdict = run(serve().url("/ok"), {"throughput": ">= 20/s"}, users=4)
    assert verdict is Verdict.PASS
    assert 0.5 <= result.duration < 30.0
