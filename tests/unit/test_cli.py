"""The command line: words to a plan, errors in one line, exit codes."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import builders
import pytest

import perfplug
from perfplug.cli import main
from perfplug.cli.arguments import limits_of, parse, plan_of
from perfplug.cli.progress import PlainLines, watch
from perfplug.cli.run import Exit, exit_code
from perfplug.engine import Progress
from perfplug.plan import Plan
from perfplug.sla import Verdict

URL = "http://127.0.0.1:1/x"


def plan(*words: str) -> Plan:
    arguments = parse(["run", URL, *words])
    return plan_of(arguments, limits_of(arguments))


def progress(**changes: Any) -> Progress:
    figures: dict[str, Any] = {
        "phase": "measuring", "elapsed": 4.2, "requests": 1234, "ok": 1233, "errors": {"timeout": 1},
        "throughput": 293.6, "p50": 0.0012, "p99": 0.0034, "in_flight": 1,
        **{series: builders.histogram([0.0012]) for series in ("latency", "delay", "late")},
    }  # fmt: skip
    return Progress(**{**figures, **changes})


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["runn"], "invalid choice: 'runn'"),
        (["run"], "the following arguments are required: URL"),
        (["run", URL, "--user", "3"], "unrecognized arguments: --user 3"),
        (["run", URL, "--users", "many"], "argument -u/--users: 'many' is not a whole number"),
        (["run", URL, "--users", "0"], "users: 0 is not 1"),
        (["run", URL, "--duration", "1s", "--requests", "5"], "not allowed with argument"),
        (["run", URL, "--duration", "1 fortnight"], "duration: '1 fortnight'"),
        (["run", URL, "--duration", "nan"], "nan is not a finite number"),
        (["run", URL, "--rate", "-5"], "rate: -5.0 is negative"),
        (["run", URL, "--arrivals", "poisson"], "arrivals: 'poisson' needs a rate"),
        (["run", "ftp://127.0.0.1/"], "'ftp://127.0.0.1/'"),
        (["run", "nonsense"], "'nonsense'"),
        (["run", "http://example.test/"], "the host 'example.test' is not allowed"),
        (["run", URL, "-H", "no colon"], "the header 'no colon' has no colon"),
        (["run", URL, "-H", "X: a\nb"], "the header 'X': its value holds a control character"),
        (["run", URL, "--data", "a", "--json-body", "{}"], "not allowed with argument"),
        (["run", URL, "--json-body", "{"], "--json-body: this is not JSON"),
        (["run", URL, "--json-body", "NaN"], "--json-body: this is not JSON: NaN is no value"),
        (["run", URL, "--data-file", "/nowhere/body"], "cannot read '/nowhere/body'"),
        (["run", URL, "--expect-status", "200,ok"], "'200,ok' is not a list of statuses"),
        (["run", URL, "--expect-status", ""], "'' is not a list of statuses"),
        (["run", URL, "--sla", "p95<100"], "--sla: p95: '100' has no unit: write '100ms'"),
        (["run", URL, "--sla", "p96x<1s"], "--sla: 'p96x' is not a limit"),
        (["run", URL, "--sla", "fast"], "--sla: 'fast' is not a limit"),
        (["run", URL, "--rate", "5", "--sla", "throughput>10/s"], "throughput: 10.0/s cannot be reached"),
    ],
    ids=lambda value: " ".join(value) or "nothing" if isinstance(value, list) else None,
)
def test_what_is_said_wrongly_is_one_line_and_exit_code_2(
    words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("perfplug: ")
    assert said.err.count("\n") == 1
    assert complaint in said.err


def test_an_error_does_not_tell_the_secrets_of_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "nowhere://joe:hunter22@h/?token=tok3n3", "-H", "Authorization: Bearer s3cr3t-1"]) == 2
    assert main(["run", URL, "-H", "X-Api-Key: s3cr3t-2\x01"]) == 2
    assert main(["run", "s3cr3t-3", "-H", "Cookie: id=s3cr3t-3"]) == 2
    said = capsys.readouterr().err
    assert not any(secret in said for secret in ("hunter22", "tok3n3", "s3cr3t"))


def test_version_and_help_are_printed_with_exit_code_0(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as version:
        main(["--version"])
    assert capsys.readouterr().out == f"perfplug {perfplug.__version__}\n"
    with pytest.raises(SystemExit) as usage:
        main(["run", "--help"])
    assert (version.value.code, usage.value.code) == (0, 0)
    told = capsys.readouterr().out
    for code in Exit:
        assert f"\n  {int(code):<3}  " in told


def test_bare_numbers_are_seconds_and_per_second() -> None:
    load = plan("--duration", "2.5", "--warmup", "1", "--rate", "50").load
    assert (load.duration, load.warmup, load.rate) == (2.5, 1.0, 50.0)
    load = plan("-d", "1m", "--think", "1s..5s").load
    assert (load.duration, load.think.low, load.think.high) == (60.0, 1.0, 5.0)


def test_the_words_for_the_request_reach_the_plan(tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(b"\0\xff")
    request = plan(
        "-X", "put", "-H", "A: 1", "-H", "A: 2", "--data-file", str(tmp_path / "body"), "--timeout", "500ms",
        "--expect-status", "200, 404", "--expect-text", "yes", "--body-cap", "1kB", "--http", "2", "--streams", "4",
        "--follow-redirects", "--cookies", "--compressed", "--insecure", "--name", "my load",
    ).request  # fmt: skip
    assert (request.method, request.body, request.headers) == ("PUT", b"\0\xff", (("A", "1"), ("A", "2")))
    assert (request.timeout, request.expect_status, request.expect_text) == (0.5, (200, 404), "yes")
    assert (request.body_cap, request.http, request.streams, request.name) == (1000, "2", 4, "my load")
    assert request.redirects > 0 and request.cookies and request.decompress and not request.tls.verify


def test_a_json_body_is_sent_as_it_was_written() -> None:
    request = plan("--json-body", '{"a":  1e2}').request
    assert (request.method, request.body) == ("POST", b'{"a":  1e2}')
    assert request.headers == (("Content-Type", "application/json"),)
    assert plan("--json-body", "null", "-H", "content-type: text/x").request.headers == (("content-type", "text/x"),)


def test_a_unix_socket_takes_the_place_of_the_host() -> None:
    assert plan("--unix-socket", "/run/app.sock").request.url == "http+unix://%2Frun%2Fapp.sock/x"


def test_hosts_can_be_allowed_by_option_and_by_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = parse(["run", "http://app.example.test/", "--allow-host", "*.example.test"])
    assert plan_of(arguments, ()).request.url == "http://app.example.test/"
    monkeypatch.setenv("PERFPLUG_ALLOW_HOSTS", "other.test, app.example.test")
    assert plan_of(parse(["run", "http://app.example.test/"]), ()).request.url == "http://app.example.test/"


def test_limits_are_counted_exactly_by_the_plan() -> None:
    assert plan("--sla", "p95<100ms", "--sla", "p99 < 1s", "--sla", "error_rate<1%").thresholds == (0.1, 1.0)


@pytest.mark.parametrize(
    ("verdict", "changes", "code"),
    [
        (Verdict.PASS, {}, Exit.OK),
        (Verdict.WARN, {}, Exit.OK),
        (Verdict.INCONCLUSIVE, {}, Exit.OK),
        (Verdict.FAIL, {}, Exit.FAILED),
        (Verdict.INVALID, {}, Exit.INVALID),
        (Verdict.INVALID, {"unreachable": "refused"}, Exit.UNREACHABLE),
        (Verdict.FAIL, {"interrupted": True}, Exit.INTERRUPTED),
    ],
)
def test_the_exit_code_says_the_verdict(verdict: Verdict, changes: dict[str, Any], code: Exit) -> None:
    assert exit_code(builders.case(verdict=verdict, result=builders.result(good=10, **changes))) is code


def test_away_from_a_terminal_progress_is_a_plain_line_now_and_then() -> None:
    stream = io.StringIO()
    often, seldom = PlainLines(stream, every=0.0), PlainLines(stream, every=3600.0)
    seldom(progress())
    assert stream.getvalue() == ""
    often(progress())
    assert stream.getvalue() == "perfplug: measuring 4 s, 1,234 requests, 294/s, 1 error, p50 1.20 ms, p99 3.40 ms\n"


def test_a_warm_up_shows_no_figures_since_none_are_kept() -> None:
    stream = io.StringIO()
    PlainLines(stream, every=0.0)(progress(phase="warmup", requests=0, ok=0, elapsed=0.0))
    assert stream.getvalue() == "perfplug: warming up\n"


def test_a_quiet_run_shows_no_progress() -> None:
    stream = io.StringIO()
    with watch(plan().load, stream, quiet=True) as watcher:
        watcher(progress())
    assert stream.getvalue() == ""


@pytest.mark.parametrize("words", [["--version"], ["run", "--help"]])
def test_help_does_not_wait_for_rich(words: list[str]) -> None:
    program = (
        "import sys\nfrom perfplug.cli import main\n"
        f"try: main({words!r})\nexcept SystemExit: pass\n"
        "print('rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "False"
