"""What stands in the terminal: everything a reader needs, verdict last, nothing that could harm."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import re
import threading

import builders
import pytest

from perfplug.plan import Load, Think
from perfplug.report import Case, Report
from perfplug.report.terminal import TerminalReport, show
from perfplug.sla import Verdict


def plain(*cases: Case, width: int = 100) -> str:
    return TerminalReport(width=width).render(builders.report(*cases))


def last_line(text: str) -> str:
    return text.strip().splitlines()[-1].strip()


def on_a_terminal(report: Report) -> str:
    """What a real pseudo-terminal is sent."""
    master, slave = pty.openpty()
    sent: list[bytes] = []

    def read() -> None:
        # A pseudo-terminal holds only so much; its end is an error when the other side closes.
        with contextlib.suppress(OSError):
            while chunk := os.read(master, 65536):
                sent.append(chunk)

    reader = threading.Thread(target=read)
    reader.start()
    with open(slave, "w", encoding="utf-8") as stream:
        show(report, stream)
    reader.join()
    os.close(master)
    return b"".join(sent).decode()


def test_figures_percentiles_errors_client_delay_and_limits_are_shown() -> None:
    result = builders.result(errors={"timeout": 8, "status": 4}, statuses={200: 2000, 503: 4})
    text = plain(builders.case(result=result))
    assert "2,012 requests - 200/s" in text
    assert "12 errors (0.596%): timeout 8, status 4 (503: 4)" in text
    assert re.search(r"p50 +p90 +p95 +p99 +p99\.9 +max +mean", text)
    assert re.search(r"latency +4\.9\d ms +7\.\d\d ms", text)
    assert re.search(r"client delay +20\.0 us", text)
    assert re.search(r"p95 < 100 ms +8\.90 ms +8\.60 ms to 9\.20 ms +PASS", text)


def test_the_verdict_is_the_last_line() -> None:
    failed = builders.judged("p99", Verdict.FAIL)
    assert last_line(plain()) == "PASS: the limit holds"
    assert last_line(plain(builders.case(builders.judged(), builders.judged("p50")))) == "PASS: both limits hold"
    assert last_line(plain(builders.case(builders.judged(), failed))) == "FAIL: 1 of 2 limits does not hold"
    assert last_line(plain(builders.case(judged=()))) == "measured, no limits"


def test_away_from_a_terminal_it_is_plain_ascii_without_escapes() -> None:
    text = plain()
    assert text.isascii()
    assert "\x1b" not in text
    stream = io.StringIO()
    show(builders.report(), stream)
    assert stream.getvalue() == text


def test_on_a_terminal_it_is_unicode_in_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("NO_COLOR", raising=False)
    text = on_a_terminal(builders.report())
    assert "█" in text and "µs" in text
    assert "\x1b[1;32m PASS: the limit holds\x1b[0m" in text


def test_a_narrow_terminal_loses_no_verdict() -> None:
    text = plain(width=40)
    assert "PASS: the limit holds" in text
    assert max(map(len, text.splitlines())) <= 40


def test_an_unreachable_target_is_said_once_and_has_no_figures() -> None:
    result = builders.result(
        good=0, errors={"connect_refused": 9}, unreachable="http://127.0.0.1:1: connection refused"
    )
    text = plain(builders.case(result=result, verdict=Verdict.INVALID))
    assert text.count("connection refused") == 1
    assert "p50" not in text
    assert last_line(text) == "INVALID: not measured"


def test_a_run_without_a_good_answer_shows_its_errors_and_no_chart() -> None:
    text = plain(builders.case(result=builders.result(good=0, errors={"timeout": 1}, slices=())))
    assert "1 error (100%): timeout 1" in text
    assert "p50" not in text


def test_what_spoils_the_figures_is_said_above_them() -> None:
    client = builders.client(valid=False, causes=("the client's core was full",), held_back=3)
    result = builders.result(client=client, interrupted=True, cancelled=2, resent=1)
    text = plain(
        builders.case(builders.judged(verdict=Verdict.INVALID, cause="the client's core was full"), result=result)
    )
    notes = [line.strip() for line in text.splitlines() if line.startswith(" ! ")]
    assert notes == [
        "! interrupted after 10.0 s: these figures are partial",
        "! the client's core was full",
        "! 2 requests cancelled in flight",
        "! 3 arrivals waited for a free connection",
        "! 1 request resent by libcurl on a dead connection",
    ]
    assert text.count("the client's core was full") == 1


def test_an_undecided_limit_says_what_would_decide() -> None:
    undecided = builders.judged(verdict=Verdict.INCONCLUSIVE, needed=12_000)
    text = plain(builders.case(undecided))
    assert "about 12,000 requests would decide" in " ".join(text.split())


UNIFORM, EXPONENTIAL = Think(kind="uniform", low=1, high=5), Think(kind="exponential", low=0.1)


@pytest.mark.parametrize(
    ("load", "words"),
    [
        (Load(users=1, requests=1), "1 user, 1 request,"),
        (Load(users=1500, requests=2000, think=UNIFORM), "1,500 users, thinking 1 s to 5 s, 2,000 requests,"),
        (
            Load(users=50, duration=0.5, rate=500, arrivals="poisson"),
            "500/s poisson, up to 50 connections, 500 ms,",
        ),
        (
            Load(users=2, duration=60, warmup=0.25, think=EXPONENTIAL),
            "2 users, thinking 100 ms on average, 60 s after 250 ms of warm-up,",
        ),
    ],
    ids=["one", "thinking", "open", "exponential"],
)
def test_the_load_is_said_in_words(load: Load, words: str) -> None:
    assert words in plain(builders.case(result=builders.result(plan=builders.plan(load=load))))


def test_hostile_text_reaches_no_terminal_and_no_ci_runner() -> None:
    text = "\x1b[2J\r\n::error file=x::y\n##[error]z [bold]"
    result = builders.result(name=text, client=builders.client(causes=(f"::warning::{text}",)))
    shown = plain(builders.case(result=result), width=30)
    assert "\x1b" not in shown and "##[" not in shown
    assert not any(line.lstrip().startswith("::") for line in shown.splitlines())
    assert "[bold]" in shown  # and is no markup
    on_screen = on_a_terminal(builders.report(builders.case(result=result)))
    assert "\x1b[2J" not in on_screen


def test_a_spoiled_load_without_limits_is_told_beside_limits_that_hold() -> None:
    spoiled = builders.case(judged=(), verdict=Verdict.INVALID)
    assert last_line(plain(builders.case(), spoiled)) == "INVALID: the client spoiled the measurement"
