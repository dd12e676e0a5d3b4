"""Every rule speaks where its figures say so, with its evidence, and is silent where they do not."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
from builders import case, client, histogram, judged, latencies, plan, result
from measured import result as measured

from perfplug.findings import Finding, find, levels_of
from perfplug.limits import Limit
from perfplug.plan import Load
from perfplug.report import Case
from perfplug.result import PHASES, Result
from perfplug.sla import Verdict

DOCS = Path(__file__).resolve().parents[2] / "docs" / "findings.md"
PACKAGE = Path(__file__).resolve().parents[2] / "perfplug" / "findings"


def only(cases: list[Case], rule: str) -> Finding:
    found = [finding for finding in find(cases) if finding.rule == rule]
    assert len(found) == 1, [finding.rule for finding in find(cases)]
    return found[0]


def silent(cases: list[Case], rule: str) -> bool:
    return rule not in {finding.rule for finding in find(cases)}


def phases(**seconds: tuple[int, float]) -> dict[str, Any]:
    """Histograms by phase, each of so many requests of so many seconds."""
    return {phase: histogram([seconds[phase][1]] * seconds[phase][0] if phase in seconds else []) for phase in PHASES}


def reconnecting(*, connections: int, connect: float, tls: float = 0.0) -> Case:
    opened = phases(connect=(connections, connect), wait=(2000, 0.004), **({"tls": (connections, tls)} if tls else {}))
    return case(result=result(connections=connections, phases=opened))


def level(users: int, *, throughput: float, wait: float, failed: int = 0, rate: float | None = None) -> Case:
    good = round(throughput * 10)
    load = Load(users=users, duration=10.0, rate=rate)
    made = result(
        good=2, plan=plan(load=load), requests=good + failed, ok=good, errors={"timeout": failed} if failed else {}
    )
    made = dataclasses.replace(made, phases=phases(wait=(good, wait)))
    return case(test=f"tests/test_levels.py::test_level[{users}]", result=made)


def test_an_ordinary_load_leads_to_no_finding() -> None:
    assert find([case(judged(observed=0.07, low=0.06, high=0.08))]) == ()


def test_time_spent_connecting_is_named_when_connections_are_not_kept() -> None:
    found = only([reconnecting(connections=2000, connect=0.003)], "connecting")
    assert found.evidence.startswith("58% of the time in service")
    assert "2,000 connections were opened for 2,000 requests" in found.evidence
    assert "keep-alive" in found.advice


def test_connecting_once_is_no_finding_however_slow_it_was() -> None:
    assert silent([reconnecting(connections=15, connect=0.5)], "connecting")


def test_tls_on_each_request_is_named_and_on_each_connection_is_not() -> None:
    found = only([reconnecting(connections=2000, connect=0.0001, tls=0.02)], "tls-each-request")
    assert found.evidence == "2,000 handshakes for 2,000 requests, 20.0 ms each on average"
    assert silent([reconnecting(connections=15, connect=0.0001, tls=0.02)], "tls-each-request")


def test_saturation_names_the_level_from_which_users_only_wait() -> None:
    row = [level(users, throughput=t, wait=w) for users, t, w in ((40, 415, 0.09), (10, 390, 0.02), (20, 410, 0.045))]
    found = only(row, "saturation")
    assert found.title == "The service is saturated at about 10 users"
    assert "from 10 users to 20 users throughput went from 390/s to 410/s" in found.evidence
    assert "the median wait from 20.0 ms to 45.0 ms" in found.evidence


def test_throughput_that_still_grows_is_no_saturation() -> None:
    assert silent([level(10, throughput=400, wait=0.02), level(20, throughput=700, wait=0.03)], "saturation")
    assert silent([level(10, throughput=400, wait=0.02), level(20, throughput=405, wait=0.021)], "saturation")


def test_arrivals_that_are_not_met_are_a_saturation_at_their_rate() -> None:
    row = [level(100, throughput=200, wait=0.01, rate=200.0), level(100, throughput=512, wait=0.5, rate=800.0)]
    found = only(row, "saturation")
    assert found.title == "The service does not keep up with 800/s"
    assert "512/s were answered well" in found.evidence


def test_errors_are_said_to_begin_at_the_first_level_that_has_them() -> None:
    row = [
        level(10, throughput=400, wait=0.02),
        level(40, throughput=700, wait=0.03),
        level(80, throughput=900, wait=0.04, failed=400),
    ]
    found = only(row, "errors-begin")
    assert found.title == "Errors begin at 80 users"
    assert found.evidence.startswith("0% failed at 40 users; at 80 users 400 errors (4.26%): timeout 400")


def test_errors_at_every_level_begin_at_none() -> None:
    row = [level(10, throughput=400, wait=0.02, failed=400), level(40, throughput=500, wait=0.02, failed=900)]
    assert silent(row, "errors-begin")


def test_loads_of_other_requests_are_no_levels_of_one() -> None:
    other = level(20, throughput=400, wait=0.1)
    request = dataclasses.replace(other.result.plan.request, url="http://127.0.0.1:8000/other")
    other = case(result=dataclasses.replace(other.result, plan=dataclasses.replace(other.result.plan, request=request)))
    assert levels_of([level(10, throughput=400, wait=0.02), other]) == ()
    assert levels_of([level(10, throughput=400, wait=0.02), level(10, throughput=400, wait=0.02)]) == ()


def test_a_tail_far_from_the_median_is_named() -> None:
    far = case(result=result(latency=histogram([0.008] * 1960 + [0.32] * 40)))
    assert only([far], "far-tail").evidence == "p99 320 ms is 40 times the median of 8.00 ms (2,000 requests)"
    near = case(result=result(latency=histogram([0.008] * 1960 + [0.05] * 40)))
    assert silent([near], "far-tail")
    # Forty times of next to nothing is nobody's trouble.
    quick = case(result=result(latency=histogram([0.00008] * 1960 + [0.0032] * 40)))
    assert silent([quick], "far-tail")


def test_a_body_that_takes_most_of_the_time_is_named_if_it_is_large() -> None:
    times = latencies(2000)
    changes: dict[str, Any] = {"phases": phases(receive=(2000, 0.004)), "service": histogram(times)}
    large = case(result=result(bytes=2000 * 1_000_000, **changes))
    assert "1.00 MB an answer, 4.00 ms to receive it" in only([large], "large-body").evidence
    small = case(result=result(bytes=2000 * 300, **changes))
    assert silent([small], "large-body")


def stalling(every: int, *, slices: int = 100) -> Result:
    """A hundred slices of 0.1 s, with one of slow answers each so many."""
    times: list[float | None] = []
    for at in range(slices):
        times += [1.0 if every and at % every == every - 1 else 0.012] * 10
    return measured(times, slices=slices, seconds=slices / 10)


def test_stalls_at_even_intervals_are_named_with_their_interval() -> None:
    found = only([case(result=stalling(20))], "periodic-stall")
    assert "every 2.00 s, 5 times, answers took up to 1.00 s" in found.evidence
    assert silent([case(result=stalling(0))], "periodic-stall")


def test_stalls_at_uneven_intervals_are_not_called_periodic() -> None:
    slow = {10, 13, 40, 44, 95}
    times: list[float | None] = [1.0 if at in slow else 0.012 for at in range(100) for _ in range(10)]
    assert silent([case(result=measured(times, slices=100, seconds=10.0))], "periodic-stall")


def test_a_client_that_was_the_bottleneck_is_named_with_its_causes() -> None:
    spoiled = case(result=result(client=client(valid=False, causes=("client CPU: 98%", "late starts"))))
    assert only([spoiled], "client-bottleneck").evidence == "client CPU: 98%; late starts"


def test_a_limit_that_would_hold_ten_times_over_is_loose() -> None:
    found = only([case(judged(observed=0.0089))], "loose-limit")
    assert found.evidence == "p95 < 100 ms: observed 8.90 ms, so it would hold at 11 times worse"
    assert silent([case(judged(observed=0.05))], "loose-limit")
    assert silent([case(judged(observed=0.0089, verdict=Verdict.INCONCLUSIVE))], "loose-limit")


def test_throughput_and_error_limits_can_be_loose_too() -> None:
    rate = Limit(metric="throughput", op=">=", value=10.0, text="10/s")
    errors = Limit(metric="error_rate", op="<=", value=0.5, text="50%")
    found = only([case(judged(limit=rate, observed=250.0), judged(limit=errors, observed=0.0))], "loose-limit")
    assert "it would hold at 25 times worse" in found.evidence
    assert "error rate <= 50%" in found.evidence


def test_a_limit_below_the_fastest_request_is_tight() -> None:
    limit = Limit(metric="p95", op="<", value=0.0001, text="100us")
    found = only([case(judged(limit=limit, verdict=Verdict.FAIL))], "tight-limit")
    assert "even the fastest request took" in found.evidence


def test_a_limit_inside_a_narrow_interval_is_tight_and_inside_a_wide_one_undecided() -> None:
    narrow = judged(observed=0.1, low=0.098, high=0.102, verdict=Verdict.WARN)
    assert "(98.0 ms to 102 ms)" in only([case(narrow)], "tight-limit").evidence
    wide = judged(observed=0.1, low=0.05, high=0.2, verdict=Verdict.INCONCLUSIVE)
    assert silent([case(wide)], "tight-limit")


def test_what_was_never_measured_leads_to_no_finding() -> None:
    away = case(result=result(good=0, unreachable="no connection to 127.0.0.1:1", slices=()), verdict=Verdict.INVALID)
    assert find([away]) == ()


@pytest.mark.parametrize("file", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.name)
def test_every_rule_is_documented(file: Path) -> None:
    documented = DOCS.read_text(encoding="utf-8")
    for rule in re.findall(r'rule="([\w-]+)"', file.read_text(encoding="utf-8")):
        assert f"`{rule}`" in documented
