"""The commands that work on results: compare, baseline, history."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import builders
import earlier
import pytest

from perfplug import baseline, history
from perfplug.cli import main
from perfplug.report import Report
from perfplug.report.json_report import JsonReport

Said = pytest.CaptureFixture[str]
Write = Callable[[str, Report], str]


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, report: Report) -> str:
    Path(name).write_text(JsonReport().render(report), encoding="utf-8")
    return name


def save(runs: int) -> None:
    path = baseline.file_of(baseline.FOLDER, "default", where="here")
    for seed in range(runs):
        baseline.save(path, earlier.report(seed=seed))


def remember(levels: list[float]) -> None:
    for at, level in enumerate(levels):
        history.write(history.FILE, earlier.report(times=level, seed=at, started_at=1.7e9 + at))


# --- compare ----------------------------------------------------------------------------------------------------------


def test_two_like_results_are_no_regression_and_no_pass_either(capsys: Said) -> None:
    a, b = write("a.json", earlier.report(seed=1)), write("b.json", earlier.report(seed=2))
    assert main(["compare", a, b]) == 0
    told = capsys.readouterr().out
    assert "1 run on this machine in the baseline, 10 are needed" in told
    assert told.splitlines()[-1].startswith("INCONCLUSIVE: ")


def test_twice_the_time_is_a_regression_with_exit_code_1(capsys: Said) -> None:
    a, b = write("a.json", earlier.report(seed=1)), write("b.json", earlier.report(times=2.0, seed=2))
    assert main(["compare", a, b]) == 1
    told = capsys.readouterr().out
    assert "FAIL: 4 of 5 comparisons are regressions" in told
    assert "test_a.py::test_it" in told


def test_a_baseline_may_stand_as_the_base(capsys: Said) -> None:
    save(12)
    head = write("b.json", earlier.report(seed=50))
    assert main(["compare", ".perfplug/baselines/default.json", head]) == 0
    assert "PASS: nothing has regressed" in capsys.readouterr().out


def test_the_tolerance_can_be_said(capsys: Said) -> None:
    save(12)
    head = write("b.json", earlier.report(times=1.2, seed=50))
    words = ["compare", ".perfplug/baselines/default.json", head]
    assert main(words) == 1
    assert main([*words, "--regression", "40%"]) == 0
    assert main([*words, "--regression", "a lot"]) == 2
    assert "--regression: 'a lot'" in capsys.readouterr().err


def test_two_files_with_nothing_in_common_say_what_they_have(capsys: Said) -> None:
    a, b = write("a.json", earlier.report()), write("b.json", earlier.report(test="test_b.py::test_other"))
    assert main(["compare", a, b]) == 8
    told = capsys.readouterr().out
    for word in ("no load in common", "a.json has test_a.py::test_it", "b.json has test_b.py::test_other"):
        assert word in told


def test_another_load_leaves_nothing_that_could_be_compared(capsys: Said) -> None:
    a, b = write("a.json", earlier.report(users=10)), write("b.json", earlier.report(users=15))
    assert main(["compare", a, b]) == 8
    assert "users 10 then, 15 now" in capsys.readouterr().out


def test_a_load_of_only_one_file_is_named(capsys: Said) -> None:
    two = builders.report(earlier.case(), earlier.case(test="test_new.py::test_it"))
    a, b = write("a.json", earlier.report()), write("b.json", two)
    assert main(["compare", a, b]) == 0
    assert "only in b.json: test_new.py::test_it, GET /session/42/status" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"schema": "perfplug.result/0", "environment": {}, "runs": []}', "NaN"]
)
def test_a_file_that_is_no_result_is_named_on_either_side(text: str, capsys: Said) -> None:
    good = write("good.json", earlier.report())
    Path("bad.json").write_text(text)
    for words in (["bad.json", good], [good, "bad.json"]):
        assert main(["compare", *words]) == 5
        assert capsys.readouterr().err.startswith("perfplug: bad.json: not a result")
    assert main(["compare", good, "missing.json"]) == 5
    assert "missing.json: not read: No such file" in capsys.readouterr().err


# --- baseline ---------------------------------------------------------------------------------------------------------


def test_a_result_is_saved_listed_shown_and_removed(capsys: Said) -> None:
    result = write("r.json", earlier.report())
    assert main(["baseline", "save", result, "main"]) == 0
    assert main(["baseline", "list"]) == 0
    told = capsys.readouterr().out
    assert "saved 1 of 1 loads in .perfplug/baselines/main.json" in told
    assert "main" in told.splitlines()[-1] and "000000000" in told.splitlines()[-1]
    assert main(["baseline", "show", "main"]) == 0
    assert "test_a.py::test_it" in capsys.readouterr().out
    assert main(["baseline", "rm", "main"]) == 0
    assert main(["baseline", "list"]) == 0
    assert "no baselines in .perfplug/baselines" in capsys.readouterr().out


def test_a_failed_result_is_not_saved_and_that_is_no_success(capsys: Said) -> None:
    failed = builders.report(builders.case(builders.judged(verdict=earlier.Verdict.FAIL)))
    assert main(["baseline", "save", write("r.json", failed)]) == 1
    said = capsys.readouterr()
    assert "it is a FAIL" in said.err
    assert "saved 0 of 1 loads" in said.out


def test_a_damaged_baseline_is_listed_with_its_reason(capsys: Said) -> None:
    save(1)
    (baseline.FOLDER / "broken.json").write_text("[]")
    assert main(["baseline", "list"]) == 0
    told = capsys.readouterr().out
    assert "broken.json: not a baseline" in told
    assert "default" in told
    assert main(["baseline", "show", "broken"]) == 5


@pytest.mark.parametrize("action", ["show", "rm"])
def test_a_baseline_that_is_not_there_or_has_no_name_is_said(action: str, capsys: Said) -> None:
    assert main(["baseline", action, "nobody"]) == 5
    assert main(["baseline", action, "../nobody"]) == 2
    told = capsys.readouterr().err
    assert "nobody.json" in told
    assert "is not a name for a baseline" in told


# --- history ----------------------------------------------------------------------------------------------------------


def test_the_history_is_shown_with_a_plot_and_its_change(capsys: Said) -> None:
    remember([1.0] * 10 + [1.5] * 10)
    assert main(["history"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("test_a.py::test_it")
    assert sum("000000000" in line for line in lines) == 20
    [changed] = [number for number, line in enumerate(lines) if "^ change: p95 +" in line]
    assert changed == 12  # the title, the head, ten runs
    axis = next(number for number, line in enumerate(lines) if "+---" in line)
    assert lines[axis + 1].strip() == "^"
    assert lines[axis + 1].index("^") == lines[axis].index("+") + 1 + 10 * 3


def test_of_many_runs_the_newest_are_shown(capsys: Said) -> None:
    remember([1.0] * 10 + [1.5] * 10)
    assert main(["history", "--limit", "12"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum("000000000" in line for line in lines) == 12
    assert "^ change" in lines[4]


def test_one_test_is_chosen_by_a_part_of_its_name(capsys: Said) -> None:
    remember([1.0])
    assert main(["history", "test_it"]) == 0
    assert main(["history", "nobody"]) == 8
    assert "no load of nobody in it" in capsys.readouterr().err


def test_it_is_written_as_csv_and_json() -> None:
    remember([1.0] * 3)
    assert main(["history", "--csv", "h.csv", "--json", "h.json", "--metric", "p99.9"]) == 0
    assert len(Path("h.csv").read_text().splitlines()) == 4
    document = json.loads(Path("h.json").read_text())
    assert (document["metric"], len(document["loads"][0]["runs"])) == ("p99_9", 3)


def test_a_result_can_be_added_later(capsys: Said) -> None:
    assert main(["history", "--add", write("r.json", earlier.report())]) == 0
    assert "test_a.py::test_it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--metric", "p98"], 2, "--metric: 'p98' is not in the history"),
        (["--limit", "0"], 2, "--limit: '0' is not a whole number from 1 on"),
        (["--file", "nothing.db"], 5, "nothing.db: there is no history yet"),
        (["--file", "text.db"], 5, "text.db: not read: it is not an SQLite file"),
        (["--add", "text.db"], 5, "text.db: not a result"),
    ],
)
def test_what_cannot_be_shown_is_said(words: list[str], code: int, told: str, capsys: Said) -> None:
    Path("text.db").write_text("this is a text and no database at all\n" * 20)
    remember([1.0])
    assert main(["history", *words]) == code
    assert told in capsys.readouterr().err


def test_names_from_outside_cannot_speak_to_the_terminal_or_the_runner_of_actions(capsys: Said) -> None:
    evil = "::error::x\x1b[2J"
    history.write(history.FILE, earlier.report(test=evil, environment={"branch": "a\x1b]0;b"}))
    write("a.json", earlier.report(test=evil))
    assert main(["history"]) == 0
    assert main(["compare", "a.json", "a.json"]) == 0
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert not [line for line in told.splitlines() if line.lstrip().startswith("::")]


def test_help_tells_every_exit_code(capsys: Said) -> None:
    for command, codes in (("compare", "01258"), ("history", "0258")):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        told = capsys.readouterr().out
        for code in codes:
            assert f"\n  {code}    " in told


def test_a_reader_that_goes_away_gets_no_traceback() -> None:
    """``perfplug compare A B | head -1``, with a pipe that is closed from the beginning."""
    path = write("a.json", earlier.report(seed=1))
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "perfplug", "compare", path, path]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")
