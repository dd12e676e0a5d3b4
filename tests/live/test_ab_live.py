"""``perfplug ab`` against real servers, from commands and from git: verdicts, exit codes, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import psutil
import pytest
from live_harness import HANG_S, SERVERS, StartServer, eventually
from test_worktree_live import git

SERVE = f"{sys.executable} {SERVERS / 'timed.py'} {{port}}"
# Enough for servers that differ as much as these; nothing that a busy machine does looks like it.
FAST = ("--pairs", "5", "--block", "24", "--users", "2")
SLOW = f"{SERVE} --delay-ms 12"


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "perfplug", "ab", *words]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the command runs; its temporary files have a place of their own. No server and no file is left there."""
    inner, temporary = tmp_path / "project", tmp_path / "temporary"
    inner.mkdir()
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield inner
    assert [*temporary.iterdir()] == []
    assert servers_of(inner) == []


def servers_of(folder: Path) -> list[psutil.Process]:
    """Those whose log is in the folder, and their guards."""
    marked = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        environ = process.info["environ"] or {}
        if environ.get("TMPDIR") == str(folder.parent / "temporary") and "timed.py" in " ".join(
            process.info["cmdline"] or []
        ):
            marked.append(process)
    return marked


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command(*words), cwd=folder, capture_output=True, text=True, timeout=HANG_S)
    assert "Traceback" not in done.stderr + done.stdout
    return done


def comparison(path: Path) -> dict[str, dict[str, Any]]:
    runs = json.loads(path.read_text())["runs"]
    return {row["metric"]: row for row in runs[0]["comparison"]}


def test_a_slower_head_is_a_regression_and_exit_code_1(folder: Path) -> None:
    done = run(
        folder, "--base-cmd", SERVE, "--head-cmd", SLOW, "--health", "/health", *FAST,
        "--json", "o.json", "--junit", "o.xml", "/items",
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    [row] = [line for line in done.stdout.splitlines() if line.strip().startswith("p50 ") and "FAIL" in line]
    assert row.count(" ms") == 2 and "%" in row
    assert "confirming on fresh pairs: pair 2 of 10" in done.stderr
    rows = comparison(folder / "o.json")
    assert [*rows] == ["p50", "p95", "p99", "throughput", "error_rate"]
    assert rows["p50"]["verdict"] == "FAIL" and rows["p50"]["against"] == "base"
    assert rows["p50"]["change"] > 1.0 and rows["p50"]["low"] > 0.03 and rows["p50"]["detectable"] > 0.03
    assert rows["p50"]["runs"] == 15  # five pairs, and ten fresh ones
    assert rows["error_rate"]["observed"] == rows["error_rate"]["baseline"] == 0.0
    failures = [
        case.get("name", "") for case in ET.parse(folder / "o.xml").iter("testcase") if case.find("failure") is not None
    ]
    assert any("p50 against the base" in name for name in failures)


def test_two_urls_are_compared_and_a_faster_head_is_fine(folder: Path, serve: StartServer) -> None:
    server = serve()
    base, head = server.url("/slow?seconds=0.01"), server.url("/ok")
    done = run(folder, "--base", base, "--head", head, *FAST, "--json", "o.json")
    assert done.returncode == 0, done.stderr
    runs = json.loads((folder / "o.json").read_text())["runs"]
    assert [one["requests"] for one in runs] == [120, 120]
    assert [one["url"] for one in runs] == [head, base]
    # The measured blocks and the pair that warms up; connections do so besides.
    assert len(server.seen()) >= 2 * 144
    assert comparison(folder / "o.json")["p50"]["verdict"] == "PASS"


def test_a_command_that_dies_is_exit_code_6_with_its_last_words(folder: Path) -> None:
    done = run(folder, "--base-cmd", SERVE, "--head-cmd", "echo no such table; exit 9", *FAST)
    assert done.returncode == 6
    assert "perfplug: head: ended by itself, exit code 9" in done.stderr
    assert "  | no such table" in done.stderr


def test_a_server_that_never_is_healthy_is_exit_code_6(folder: Path) -> None:
    done = run(
        folder, "--base-cmd", f"{SERVE} --status 503", "--head-cmd", SERVE, "--health", "/health",
        "--start-timeout", "1s", *FAST,
    )  # fmt: skip
    assert done.returncode == 6
    assert "base: not healthy after 1 s" in done.stderr and "status 503" in done.stderr


def test_a_server_that_dies_on_the_way_keeps_what_was_measured(folder: Path) -> None:
    # A block is 24 requests and some 20 that warm up: it dies in the third or fourth of its six.
    dying = f"{SLOW} --die-after 100"
    done = run(folder, "--base-cmd", SLOW, "--head-cmd", dying, *FAST, "--json", "o.json")
    assert done.returncode == 6
    assert "head: ended by itself, exit code 7" in done.stderr and "out of luck" in done.stderr
    [head, base] = json.loads((folder / "o.json").read_text())["runs"]
    assert 0 < head["requests"] <= base["requests"]
    assert {row["verdict"] for row in head["comparison"]} == {"INCONCLUSIVE"}


def test_a_side_that_is_not_there_is_exit_code_4(folder: Path, serve: StartServer, closed_port: int) -> None:
    done = run(folder, "--base", f"http://127.0.0.1:{closed_port}", "--head", serve().url("/ok"), *FAST)
    assert done.returncode == 4
    assert done.stderr == f"perfplug: base: http://127.0.0.1:{closed_port}: connection refused (connect_refused)\n"


def test_ctrl_c_keeps_what_was_measured_and_ends_the_servers(folder: Path) -> None:
    words = command("--base-cmd", SLOW, "--head-cmd", SLOW, "--pairs", "500", "--block", "20", "--json", "o.json")
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as runner:
        assert runner.stderr is not None
        assert "pair 2 of" in runner.stderr.readline()
        os.kill(runner.pid, signal.SIGINT)
        output, errors = runner.communicate(timeout=HANG_S)
    assert runner.returncode == 130, errors
    assert "Traceback" not in output + errors
    rows = comparison(folder / "o.json")
    assert all(row["verdict"] == "INCONCLUSIVE" and "interrupted after" in row["cause"] for row in rows.values())


@pytest.fixture
def repository(folder: Path) -> Path:
    """A server whose delay is a file: 1 ms at the tag "fast", 12 ms on main, where more is not committed."""
    git(folder, "init", "-q", "-b", "main")
    (folder / ".gitignore").write_text(".perfplug/\n")
    settings = f"[tool.perfplug.ab]\ncommand = '''{SERVE} --delay-file delay'''\nhealth = '/health'\n"
    (folder / "pyproject.toml").write_text(settings)
    for delay, tag in (("1", "fast"), ("12", "slow")):
        (folder / "delay").write_text(delay)
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", tag)
        git(folder, "tag", tag)
    return folder


def worktrees(repository: Path) -> int:
    return git(repository, "worktree", "list", "--porcelain").count("worktree ")


def test_a_reference_is_compared_with_what_is_here(repository: Path) -> None:
    done = run(repository, "--ref", "fast", *FAST, "--json", "o.json")
    assert done.returncode == 1, done.stderr
    row = comparison(repository / "o.json")["p50"]
    assert row["baseline"] < 0.012 < row["observed"]
    assert worktrees(repository) == 1
    # What is not committed counts as the head: now it is as fast as the reference.
    (repository / "delay").write_text("1")
    assert run(repository, "--ref", "slow", *FAST).returncode == 0


def test_a_reference_that_is_not_there_is_exit_code_7(repository: Path) -> None:
    done = run(repository, "--ref", "nowhere", *FAST)
    assert done.returncode == 7
    assert done.stderr.startswith("perfplug: 'nowhere' is no branch, tag or commit")
    assert worktrees(repository) == 1


def test_a_server_that_fails_or_a_signal_leaves_no_worktree(repository: Path) -> None:
    assert run(repository, "--ref", "fast", "--cmd", "exit 3", *FAST).returncode == 6
    assert worktrees(repository) == 1
    words = command("--ref", "fast", "--pairs", "500", "--block", "20")
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        with subprocess.Popen(
            words, cwd=repository, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        ) as runner:
            assert runner.stderr is not None
            assert "pair" in runner.stderr.readline()
            os.kill(runner.pid, number)
            errors = runner.communicate(timeout=HANG_S)[1]
        assert runner.returncode == code, errors
        assert "Traceback" not in errors
        assert worktrees(repository) == 1


def test_a_kill_leaves_no_server(folder: Path) -> None:
    words = command("--base-cmd", SLOW, "--head-cmd", SLOW, "--pairs", "500", "--block", "20")
    with subprocess.Popen(words, cwd=folder, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as runner:
        assert runner.stderr is not None
        assert "pair" in runner.stderr.readline()
        assert servers_of(folder)
        runner.kill()
    eventually(lambda: not servers_of(folder), "the end of the servers")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "write --base and --head, --base-cmd and --head-cmd, or --ref"),
        (["--base", "http://localhost:1"], "--head is missing"),
        (["--base-cmd", "x", "--ref", "main"], "one of the three"),
        (["--base", "http://localhost:1", "--head", "http://localhost:1", "--cmd", "x"], "--cmd goes with --ref"),
        (["--ref", "main"], "--ref needs a command"),
        (["--base", "http://localhost:1", "--head", "http://localhost:1", "--pairs", "2"], "pairs: 2 are too few"),
        (["--base", "http://localhost:1", "--head", "http://localhost:1", "--block", "0"], "block: 0 requests"),
        (["--base", "http://localhost:1", "--head", "http://localhost:1", "--margin", "x"], "--margin: 'x'"),
        (["--base", "http://localhost:1", "--head", "http://localhost:1", "items"], "'items' is not a path"),
        (["--base", "http://example.test", "--head", "http://localhost:1"], "'example.test' is not allowed"),
        (["--base-cmd", "x", "--head-cmd", "x", "--start-timeout", "soon"], "--start-timeout: 'soon'"),
    ],
)  # fmt: skip
def test_what_is_said_wrongly_is_exit_code_2_and_one_line(folder: Path, words: list[str], complaint: str) -> None:
    done = run(folder, *words)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1
