"""The runner's baseline and history, against a real server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from live_harness import HANG_S, StartServer

from perfplug import history

LOAD = ("-n", "60", "-u", "4", "--warmup", "0", "--name", "home")
STORED = Path(".perfplug") / "baselines" / "default.json"
_TRIES = 10


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Once more when other work of the machine spoiled the measurement."""
    for _ in range(_TRIES):
        done = subprocess.run(
            [sys.executable, "-m", "perfplug", "run", *words],
            capture_output=True,
            text=True,
            timeout=HANG_S,
            cwd=folder,
        )
        assert "Traceback" not in done.stderr + done.stdout
        if "INVALID" not in done.stdout and "the client spoiled it" not in done.stderr:
            break
    return done


def test_a_slower_server_is_exit_code_1_with_the_comparison_in_the_table(serve: StartServer, tmp_path: Path) -> None:
    server = serve()
    fast, slow = server.url("/slow?seconds=0.02"), server.url("/slow?seconds=0.2")
    saved = run(tmp_path, fast, *LOAD, "--save-baseline")
    assert saved.returncode == 0
    assert f"perfplug: saved 1 load in {STORED}" in saved.stderr
    document = json.loads((tmp_path / STORED).read_text())
    document["runs"][-1]["loads"][0]["test"] = slow
    document["runs"] = document["runs"][-1:] * 10
    (tmp_path / STORED).write_text(json.dumps(document))

    done = run(tmp_path, slow, *LOAD, "--compare", "--json", "out.json")
    assert done.returncode == 1
    assert " of 5 comparisons are regressions" in done.stdout
    assert done.stdout.isascii()
    [seen] = json.loads((tmp_path / "out.json").read_text())["runs"]
    assert {"p50", "throughput"} <= {row["metric"] for row in seen["comparison"] if row["verdict"] == "FAIL"}
    quiet = run(tmp_path, slow, *LOAD, "--compare", "-q")
    assert "p95 2" in quiet.stdout and " in the baseline, +" in quiet.stdout


def test_a_missing_baseline_is_said_and_exit_code_0(serve: StartServer, tmp_path: Path) -> None:
    done = run(tmp_path, serve().url("/ok"), *LOAD, "--compare", "main")
    assert done.returncode == 0
    assert "INCONCLUSIVE: not compared with the baseline" in done.stdout


def test_each_run_adds_to_the_history(serve: StartServer, tmp_path: Path) -> None:
    server = serve()
    for _ in range(2):
        assert run(tmp_path, server.url("/ok"), *LOAD, "--history").returncode == 0
    assert [entry.name for entry in history.read(tmp_path / ".perfplug" / "history.db")][-2:] == ["home"] * 2


def test_a_history_that_cannot_be_written_is_exit_code_5_and_loses_no_result(
    serve: StartServer, tmp_path: Path
) -> None:
    (tmp_path / "text.db").write_text("no database at all\n" * 50)
    done = run(tmp_path, serve().url("/ok"), *LOAD, "--history", "text.db")
    assert done.returncode == 5
    assert "text.db: not written: it is not an SQLite file; the result is in " in done.stderr
    assert list(tmp_path.glob(".perfplug/unsaved-*.json"))


def test_wrong_words_are_said_before_anything_runs(serve: StartServer, tmp_path: Path) -> None:
    server = serve()
    for words, told in (
        (("--compare", "../x"), "--compare: '../x' is not a name for a baseline"),
        (("--save-baseline", "a/b"), "--save-baseline: 'a/b' is not a name for a baseline"),
        (("--compare", "--regression", "5"), "--regression: '5' has no unit"),
    ):
        done = run(tmp_path, server.url("/ok"), *LOAD, *words)
        assert (done.returncode, told in done.stderr) == (2, True), done.stderr
    assert server.seen() == []
