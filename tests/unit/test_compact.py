"""Loads in a few plain lines."""

from __future__ import annotations

import builders

from perfplug.report.compact import CompactReport, lines
from perfplug.sla import Verdict


def test_tests_are_named_once_and_limits_stand_in_columns() -> None:
    limits = (builders.judged(), builders.judged("p99_9", Verdict.FAIL, observed=1.5, low=1.2, high=1.9))
    report = builders.report(builders.case(*limits), builders.case())
    text = CompactReport().render(report).splitlines()
    assert [line for line in text if not line.startswith(" ")] == ["tests/test_session.py::test_session_status"]
    first, second = (line for line in text[:4] if " < 100 ms" in line)
    assert first.index("8.60 ms to") == second.index("1.20 s to")
    assert second.endswith("FAIL")


def test_a_line_with_a_verdict_carries_it() -> None:
    report = builders.report(builders.case(builders.judged(), builders.judged("p99", Verdict.FAIL)))
    assert [line.verdict for line in lines(report) if line.verdict] == [Verdict.PASS, Verdict.FAIL]


def test_an_unreachable_target_is_one_line() -> None:
    result = builders.result(good=0, errors={"connect_refused": 1000}, unreachable="nothing listens at 127.0.0.1:1")
    text = CompactReport().render(builders.report(builders.case(result=result, verdict=Verdict.INVALID)))
    assert text.count("\n") == 2
    assert "nothing listens" in text


def test_hostile_names_cannot_move_the_cursor() -> None:
    result = builders.result(name="GET /\x1b[2J\u202e")
    text = CompactReport().render(builders.report(builders.case(result=result, test="t\r\n::error::x")))
    assert "\x1b" not in text and "\r" not in text and "\u202e" not in text
    assert not any(line.startswith("::") for line in text.splitlines())


def test_why_a_limit_is_undecided_stands_beside_it() -> None:
    undecided = builders.judged(verdict=Verdict.INCONCLUSIVE, cause="too few requests", needed=12_000)
    text = CompactReport().render(builders.report(builders.case(undecided)))
    assert "too few requests; about 12,000 requests would decide" in text
