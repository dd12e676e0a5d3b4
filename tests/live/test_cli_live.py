"""The runner against real servers: what it prints, writes and returns. (Ctrl-C: test_faults_interrupt.py.)"""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from live_harness import HANG_S, StartServer, eventually

from perfplug.report.load import load_report
from perfplug.sla import Verdict

LIMITED = """
import resource, sys
from perfplug.cli import main
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
sys.exit(main(sys.argv[1:]))
"""
COMMAND = (sys.executable, "-m", "perfplug", "run")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=HANG_S)
    assert "Traceback" not in done.stderr + done.stdout
    return done


def run_on_a_terminal(*words: str) -> tuple[int, str]:
    """Exit code, and all that a terminal of 110 columns was sent."""
    master, slave = pty.openpty()
    environ = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "110", "LINES": "40", "PYTHONIOENCODING": "utf-8"}
    sent: list[bytes] = []

    def read() -> None:
        try:
            while chunk := os.read(master, 65536):
                sent.append(chunk)
        except OSError:  # how a pseudo-terminal says that the other side is gone
            return

    with subprocess.Popen([*COMMAND, *words], stdin=slave, stdout=slave, stderr=slave, env=environ) as process:
        os.close(slave)
        reader = threading.Thread(target=read)
        reader.start()
        try:
            code = process.wait(HANG_S)
        finally:
            process.kill()
    reader.join()
    os.close(master)
    return code, b"".join(sent).decode()


def only_run(path: Path) -> dict[str, Any]:
    [seen] = json.loads(path.read_text())["runs"]
    assert isinstance(seen, dict)
    return seen


def test_limits_that_hold_are_exit_code_0_with_a_table_and_every_file(serve: StartServer, tmp_path: Path) -> None:
    server = serve()
    result, junit = tmp_path / "out" / "result.json", tmp_path / "out" / "junit.xml"
    done = run(
        server.url("/ok"), "-n", "500", "-u", "4", "--sla", "p95<20s", "--sla", "error_rate<5%",
        "--json", str(result), "--junit", str(junit),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert "500 requests" in done.stdout
    assert "PASS: both limits hold" in done.stdout
    seen = only_run(result)
    assert (seen["requests"], seen["ok"], seen["errors"], seen["statuses"]) == (500, 500, {}, {"200": 500})
    assert len(server.seen()) == 500
    assert [case.get("name", "").split("] ")[-1] for case in ET.parse(junit).iter("testcase")] == [
        "p95 < 20 s", "error rate < 5%",
    ]  # fmt: skip


def test_a_limit_that_does_not_hold_is_exit_code_1(serve: StartServer, tmp_path: Path) -> None:
    server = serve()
    junit = tmp_path / "junit.xml"
    done = run(
        server.url("/status?code=503"), "-n", "100", "--sla", "error_rate<1%", "--junit", str(junit)
    )  # fmt: skip
    assert done.returncode == 1
    assert "100 errors (100%): status 100 (503: 100)" in done.stdout
    assert done.stdout.rstrip().endswith("FAIL: the limit does not hold")
    [failure] = ET.parse(junit).iter("failure")
    assert "error rate 100%" in failure.get("message", "")


def test_a_target_that_is_not_there_is_exit_code_4_and_one_line(closed_port: int, tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    done = run(f"http://127.0.0.1:{closed_port}/", "-u", "50", "-d", "60s", "--sla", "p95<1s", "--json", str(result))
    assert done.returncode == 4
    assert done.stdout == ""
    assert done.stderr == f"perfplug: http://127.0.0.1:{closed_port}: connection refused (connect_refused)\n"
    assert only_run(result)["unreachable"] in done.stderr


def test_a_name_that_does_not_resolve_is_exit_code_4_and_one_line() -> None:
    done = run("http://nope.invalid/", "--allow-host", "nope.invalid", "-d", "60s")
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1
    assert "the name does not resolve" in done.stderr


def test_more_users_than_descriptors_is_exit_code_3_and_one_line(serve: StartServer) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, "run", serve().url("/ok"), "-u", "500", "-n", "500"],
        capture_output=True, text=True, timeout=HANG_S,
    )  # fmt: skip
    assert done.returncode == 3
    assert done.stderr.startswith("perfplug: 500 users need ")
    assert done.stderr.count("\n") == 1


def test_a_file_that_cannot_be_written_keeps_the_result_and_has_its_own_exit_code(
    serve: StartServer, tmp_path: Path
) -> None:
    server = serve()
    (tmp_path / "file").touch()
    bad, good = str(tmp_path / "file" / "result.json"), tmp_path / "junit.xml"
    done = run(server.url("/ok"), "-n", "50", "--sla", "p50<9s", "--json", bad, "--junit", str(good))
    assert done.returncode == 5
    assert done.stderr.startswith(f"perfplug: {bad}: not written: ")
    assert "50 requests" in done.stdout
    assert good.exists()


def test_the_measurements_own_exit_code_wins_over_that_of_a_file(serve: StartServer, tmp_path: Path) -> None:
    server = serve()
    limit = ("--sla", "error_rate<1%")
    done = run(server.url("/status?code=500"), "-n", "100", *limit, "--json", str(tmp_path))
    assert done.returncode == 1
    assert "not written: " in done.stderr


def test_no_secret_of_the_request_reaches_any_output(serve: StartServer, tmp_path: Path) -> None:
    server = serve()
    outputs = {
        option: tmp_path / option.strip("-")
        for option in ("--json", "--junit", "--markdown", "--csv", "--prometheus-textfile")
    }
    done = run(
        server.url("/ok?api_key=s3cr3t-a").replace("http://", "http://joe:s3cr3t-b@"), "-n", "20",
        "-H", "Cookie: id=s3cr3t-c", "-H", "X-Tenant: s3cr3t-d", "--secret-header", "x-tenant",
        "--name", "load s3cr3t-d of s3cr3t-a", "--sla", "p50<9s",
        *(str(word) for pair in outputs.items() for word in pair),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "s3cr3t-d" in json.dumps(server.seen()[0])  # it was sent
    for text in (done.stdout, done.stderr, *(path.read_text() for path in outputs.values())):
        assert "s3cr3t" not in text
    assert "api_key=***" in outputs["--json"].read_text()


def test_quiet_prints_the_limits_and_the_verdict_only(serve: StartServer) -> None:
    server = serve()
    done = run(server.url("/ok"), "-n", "200", "--quiet", "--sla", "p50<9s")
    assert done.stderr == ""
    limit, verdict = done.stdout.splitlines()
    assert limit.startswith("p50 ") and limit.endswith("is under 9 s: PASS")
    assert verdict == "PASS: the limit holds"


def test_a_terminal_sees_the_run_live_and_then_the_table(serve: StartServer) -> None:
    server = serve()
    code, text = run_on_a_terminal(server.url("/ok"), "-u", "2", "-d", "2s", "--sla", "p95<20s")
    assert code == 0
    assert "measuring" in text and "/ 2 s" in text
    live, table = text.rsplit("measuring", 1)
    assert "requests" in live and "p99" in live
    assert "PASS: the limit holds" in table
    assert "\x1b[?25h" in text  # the cursor is back


def test_a_reader_that_goes_away_does_not_change_the_exit_code(serve: StartServer) -> None:
    server = serve()
    words = " ".join([*COMMAND, f"'{server.url('/ok')}'", "-n", "50", "--sla", "'p50<9s'"])
    done = subprocess.run(
        ["bash", "-c", f"{words} | true; exit ${{PIPESTATUS[0]}}"], capture_output=True, text=True, timeout=HANG_S
    )
    assert done.returncode == 0
    assert done.stderr == ""


def test_what_a_run_wrote_can_be_read_back(serve: StartServer, tmp_path: Path) -> None:
    server = serve()
    path = tmp_path / "result.json"
    assert run(server.url("/ok"), "-d", "1s", "-u", "3", "--sla", "p99<20s", "--json", str(path)).returncode == 0
    [case] = load_report(path).cases
    result = case.result
    assert 0 < result.requests <= len(server.seen())
    assert result.requests == result.ok + sum(result.errors.values()) == sum(part.requests for part in result.slices)
    assert result.plan.load.users == 3
    assert case.judged[0].verdict is case.verdict


def test_a_unix_socket_that_is_not_there_is_exit_code_4_and_one_line() -> None:
    done = run("http://localhost/", "--unix-socket", "/nowhere/app.sock", "-n", "1")
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1


def test_ctrl_c_in_the_warm_up_leaves_an_empty_result_that_can_be_read(serve: StartServer, tmp_path: Path) -> None:
    server = serve()
    path = tmp_path / "result.json"
    words = [*COMMAND, server.url("/ok"), "--warmup", "90s", "-d", "90s", "--sla", "p95<1s", "--json", str(path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            eventually(lambda: len(server.seen()) > 10, "the server at work")
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=HANG_S)
        finally:
            process.kill()
    assert process.returncode == 130, errors
    assert "interrupted before the measurement began" in output
    assert "Traceback" not in errors
    [case] = load_report(path).cases
    assert (case.result.requests, case.result.interrupted) == (0, True)
    assert case.verdict is not Verdict.PASS
