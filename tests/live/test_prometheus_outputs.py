"""The runner's outputs for Prometheus, and what it says when one of them cannot be had."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from live_harness import HANG_S, StartServer
from monitoring import RUN, get, push_gateway

from perfplug.report.load import load_report

WITHOUT_THE_EXTRA = """
import sys
sys.modules["prometheus_client"] = None
from perfplug.cli import main
sys.exit(main(sys.argv[1:]))
"""

SUITE = """
import pytest

@pytest.mark.performance(error_rate="5%")
def test_holds(perf):
    perf.http("/ok", requests=300, name="holds")

@pytest.mark.performance(error_rate="5%")
def test_fails(perf):
    perf.http("/status?code=503", requests=300, name="fails")
"""


def run(*words: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([*RUN, *words], capture_output=True, text=True, timeout=HANG_S)
    assert "Traceback" not in done.stderr + done.stdout
    return done


def test_a_port_that_is_taken_is_said_and_the_run_is_measured_all_the_same(serve: StartServer, tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run(serve().url("/ok"), "-n", "50", "--sla", "p50<9s", "--prometheus", str(port), "--json", str(result))
    assert done.returncode == 5
    assert (
        done.stderr == f"perfplug: --prometheus http://127.0.0.1:{port}/metrics: not served: Address already in use\n"
    )
    assert "50 requests" in done.stdout
    assert load_report(result).cases[0].result.requests == 50


def test_a_gateway_that_is_not_there_is_said_and_everything_else_is_written(
    serve: StartServer, closed_port: int, tmp_path: Path
) -> None:
    result, textfile = tmp_path / "result.json", tmp_path / "perfplug.prom"
    gateway = f"http://joe:hunter22@127.0.0.1:{closed_port}"
    done = run(
        serve().url("/ok"), "-n", "50", "--sla", "p50<9s", "--prometheus-push", gateway,
        "--prometheus-textfile", str(textfile), "--json", str(result),
    )  # fmt: skip
    assert done.returncode == 5
    assert done.stderr == f"perfplug: http://***@127.0.0.1:{closed_port}: not pushed: Connection refused\n"
    assert load_report(result).cases[0].result.requests == 50
    assert "perfplug_requests_total{" in textfile.read_text()


def test_the_measurements_own_exit_code_wins_over_that_of_a_push(serve: StartServer, closed_port: int) -> None:
    gateway = f"http://127.0.0.1:{closed_port}"
    done = run(serve().url("/status?code=500"), "-n", "50", "--sla", "error_rate<1%", "--prometheus-push", gateway)
    assert done.returncode == 1
    assert "not pushed" in done.stderr


def test_what_is_no_gateway_is_told_in_its_own_words_on_one_line(serve: StartServer) -> None:
    server = serve()
    done = run(server.url("/ok"), "-n", "50", "--sla", "p50<9s", "--prometheus-push", server.url("/nothing"))
    assert done.returncode == 5
    assert done.stderr == f"perfplug: {server.url('/nothing')}: not pushed: it answered 404: Not Found\n"


def test_a_password_is_sent_and_not_shown(serve: StartServer) -> None:
    server = serve()
    gateway = server.url("").replace("http://", "http://joe:hunter22@")
    done = run(server.url("/ok"), "-n", "5", "--prometheus-push", gateway)
    pushed = server.seen()[-1]
    assert (pushed["method"], pushed["path"]) == ("PUT", "/metrics/job/perfplug")
    assert pushed["headers"]["authorization"] == f"Basic {base64.b64encode(b'joe:hunter22').decode()}"
    assert "hunter22" not in done.stdout + done.stderr


def test_a_push_replaces_its_own_group_only(serve: StartServer, tmp_path: Path) -> None:
    server = serve()
    with push_gateway(tmp_path) as gateway:
        for group, name in (("job/nightly/branch/a%2Fb", "first"), ("job/nightly", "second"), ("job/nightly", "third")):
            done = run(server.url("/ok"), "-n", "50", "--name", name, "--prometheus-push", f"{gateway}/metrics/{group}")
            assert "not pushed" not in done.stderr
        told = get(f"{gateway}/metrics")
        groups = json.loads(get(f"{gateway}/api/v1/metrics"))["data"]
    assert 'name="first"' in told and 'name="third"' in told and 'name="second"' not in told
    assert {"job": "nightly", "branch": "a/b"} in [group["labels"] for group in groups]
    assert all(group["last_push_successful"] for group in groups)


def test_a_gateway_gets_along_with_what_it_has_of_others(serve: StartServer, tmp_path: Path) -> None:
    """Its own metrics, and the same of another group."""
    server = serve()
    with push_gateway(tmp_path) as gateway:
        for group in ("a", "b"):
            done = run(server.url("/storm"), "-n", "60", "--prometheus-push", f"{gateway}/metrics/job/{group}")
            assert "not pushed" not in done.stderr
        assert get(f"{gateway}/metrics").count("# TYPE perfplug_users gauge") == 1


def test_a_textfile_that_cannot_be_written_is_exit_code_5(serve: StartServer, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "perfplug.prom"
    done = run(serve().url("/ok"), "-n", "50", "--sla", "p50<9s", "--prometheus-textfile", str(path))
    assert done.returncode == 5
    assert done.stderr.startswith(f"perfplug: {path}: not written: ")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--prometheus", "http"), "argument --prometheus: 'http' is not a port: write 9464, or 0.0.0.0:9464"),
        (("--prometheus", "127.0.0.1:65536"), "'127.0.0.1:65536' is not a port"),
        (("--prometheus-push", "gateway:9091"), "--prometheus-push: "),
    ],
)
def test_what_is_said_wrongly_is_one_line_before_anything_is_measured(
    serve: StartServer, words: tuple[str, ...], complaint: str
) -> None:
    server = serve()
    done = run(server.url("/ok"), "-n", "5", *words)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1
    assert server.seen() == []


@pytest.mark.parametrize(
    "option", ["--prometheus=0", "--prometheus-textfile=x", "--prometheus-push=http://127.0.0.1:1"]
)
def test_without_the_extra_it_is_said_which_to_install(serve: StartServer, option: str) -> None:
    server = serve()
    command = [sys.executable, "-c", WITHOUT_THE_EXTRA, "run", server.url("/ok"), "-n", "5"]
    assert subprocess.run(command, capture_output=True, timeout=HANG_S).returncode in (0, 3)
    done = subprocess.run([*command, option], capture_output=True, text=True, timeout=HANG_S)
    assert done.returncode == 2
    assert done.stderr == (
        f"perfplug: {option.partition('=')[0]}: needs prometheus_client, which is not installed: "
        "pip install 'pytest-perfplug[prometheus]'\n"
    )
    assert len(server.seen()) == 5


def test_a_pytest_session_pushes_all_its_loads(serve: StartServer, tmp_path: Path) -> None:
    server = serve()
    (tmp_path / "test_it.py").write_text(SUITE)
    with push_gateway(tmp_path) as gateway:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--perf-prometheus-push={gateway}",
             f"--perf-base-url={server.url('')}"],
            cwd=tmp_path, capture_output=True, text=True, timeout=HANG_S,
        )  # fmt: skip
        told = get(f"{gateway}/metrics")
    assert done.returncode == 1
    assert f"perfplug: pushed to {gateway}\n" in done.stdout
    verdicts = [line for line in told.splitlines() if line.startswith("perfplug_verdict") and line.endswith(" 1")]
    assert [("test_holds" in line, 'verdict="FAIL"' in line) for line in sorted(verdicts)] == [
        (False, True), (True, False),
    ]  # fmt: skip
