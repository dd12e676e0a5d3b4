"""Baselines and the history in a session: options, marker, verdicts, files."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from perfplug import baseline, history

Suite = Callable[..., pytest.RunResult]
ReadJson = Callable[..., list[dict[str, Any]]]

SOURCE = """
@pytest.mark.performance({limits})
def test_home(perf):
    perf.http("/slow?seconds={seconds}", users=4, requests=60, name="home")
"""
FAST, SLOW = SOURCE.format(limits="", seconds=0.02), SOURCE.format(limits="", seconds=0.2)
STORED = Path(".perfplug/baselines/default.json")
_TRIES = 10


@pytest.fixture
def undisturbed(suite: Suite) -> Suite:
    """A suite that is run again when the machine's other work spoiled its measurement, which a busy one often does."""

    def run(*words: Any, **more: Any) -> pytest.RunResult:
        for _ in range(_TRIES):
            result = suite(*words, **more)
            text = str(result.stdout)
            if " INVALID" not in text and "the client spoiled it" not in text:
                break
        return result

    return run


@pytest.fixture
def save(undisturbed: Suite, pytester: pytest.Pytester) -> Callable[[str, int], None]:
    """Saves a baseline of one real run, as often as said."""

    def saved(source: str, runs: int) -> None:
        undisturbed(source, "--perf-save-baseline").assert_outcomes(passed=1)
        path = pytester.path / STORED
        document = json.loads(path.read_text())
        document["runs"] = document["runs"][-1:] * runs
        path.write_text(json.dumps(document))

    return saved


Save = Callable[[str, int], None]


def test_a_run_that_became_slower_is_a_failed_test_everywhere(
    undisturbed: Suite, save: Save, read_json: ReadJson
) -> None:
    save(FAST, 10)
    result = undisturbed(
        SLOW, "--perf-compare", "--perf-json=out.json", "--perf-junit=out.xml", "--junitxml=pytest.xml"
    )
    result.assert_outcomes(failed=1)
    text = str(result.stdout)
    assert "home: p50 2" in text and " in the baseline, +" in text
    [run] = read_json()
    rows = {row["metric"]: row for row in run["comparison"]}
    assert run["verdict"] == rows["p50"]["verdict"] == "FAIL"
    assert rows["p50"]["runs"] == 10
    assert rows["p50"]["change"] > 0.5
    assert rows["error_rate"]["verdict"] != "FAIL"
    failed = [case.get("name", "") for case in ET.parse("out.xml").iter("testcase") if case.find("failure") is not None]
    assert any("p50 against the baseline" in name for name in failed)
    theirs = ET.parse("pytest.xml")
    assert [case.get("name") for case in theirs.iter("testcase") if case.find("failure") is not None] == ["test_home"]
    assert any(entry.get("name") == "perfplug.home.p50.change" for entry in theirs.iter("property"))


def test_a_run_that_became_faster_passes(undisturbed: Suite, save: Save, read_json: ReadJson) -> None:
    save(SLOW, 10)
    undisturbed(FAST, "--perf-compare", "--perf-json=out.json").assert_outcomes(passed=1)
    [run] = read_json()
    verdicts = {row["metric"]: row["verdict"] for row in run["comparison"]}
    assert (verdicts["p50"], verdicts["throughput"]) == ("PASS", "PASS")


def test_what_a_limit_names_is_compared_as_well(undisturbed: Suite, save: Save, read_json: ReadJson) -> None:
    source = SOURCE.format(limits="p90='10s'", seconds=0.02)
    save(source, 1)
    undisturbed(source, "--perf-compare", "--perf-json=out.json")
    [run] = read_json()
    assert [row["metric"] for row in run["comparison"]] == ["p50", "p95", "p99", "throughput", "error_rate", "p90"]


def test_without_a_baseline_it_is_inconclusive_and_loud_but_no_failure(suite: Suite, read_json: ReadJson) -> None:
    result = suite(FAST, "--perf-compare=main", "--perf-json=out.json")
    result.assert_outcomes(passed=1, warnings=1)
    [run] = read_json()
    [row] = run["comparison"]
    assert (row["metric"], row["verdict"]) == ("all", "INCONCLUSIVE")
    assert "main.json: there is no such baseline; save one first" in row["cause"]
    assert "not compared with the baseline: INCONCLUSIVE" in str(result.stdout)


def test_in_strict_sessions_a_missing_baseline_fails(suite: Suite) -> None:
    suite(FAST, "--perf-compare", "--perf-strict").assert_outcomes(failed=1)


@pytest.mark.parametrize("text", ["", "[]", '{"schema": "perfplug.baseline/0", "runs": []}'])
def test_a_damaged_baseline_is_inconclusive(suite: Suite, pytester: pytest.Pytester, text: str) -> None:
    (pytester.path / STORED).parent.mkdir(parents=True)
    (pytester.path / STORED).write_text(text)
    result = suite(FAST, "--perf-compare")
    result.assert_outcomes(passed=1, warnings=1)
    assert "default.json: not a baseline" in str(result.stdout)
    assert (pytester.path / STORED).read_text() == text


def test_a_first_session_may_compare_and_save_at_once(undisturbed: Suite, pytester: pytest.Pytester) -> None:
    undisturbed(FAST, "--perf-compare", "--perf-save-baseline=main")
    stored = baseline.load(pytester.path / STORED.with_name("main.json"))
    assert stored.keys == (("test_it.py::test_home", "home"),)


def test_of_a_failed_test_nothing_is_saved_and_that_is_said(suite: Suite, pytester: pytest.Pytester) -> None:
    limits = SOURCE.format(limits="p50='1ms'", seconds=0.02)
    assertion = FAST + "    assert False\n"
    for source, reason in ((limits, "it is a FAIL"), (assertion, "its test failed")):
        text = ""
        for _ in range(_TRIES):  # until the machine leaves the client alone
            result = suite(source, "--perf-save-baseline")
            result.assert_outcomes(failed=1)
            text = str(result.stdout)
            if "the client spoiled it" not in text:
                break
        assert f"perfplug: not in the baseline: test_it.py::test_home, home: {reason}" in text
    assert not (pytester.path / STORED).exists()


def test_the_marker_says_how_much_worse_a_test_may_be(undisturbed: Suite, save: Save, read_json: ReadJson) -> None:
    save(FAST, 10)
    verdicts = []
    for limits in ("", "regression='90%'"):
        undisturbed(SOURCE.format(limits=limits, seconds=0.03), "--perf-compare", "--perf-json=out.json")
        [run] = read_json()
        verdicts.append({row["metric"]: row["verdict"] for row in run["comparison"]}["p50"])
    assert verdicts == ["FAIL", "PASS"]


@pytest.mark.parametrize(("said", "told"), [("'5'", "'5' has no unit"), ("'0%'", "leaves no room"), ("True", "True")])
def test_a_wrong_tolerance_names_test_and_word(suite: Suite, said: str, told: str) -> None:
    result = suite(SOURCE.format(limits=f"regression={said}", seconds=0.02))
    result.assert_outcomes(errors=1)
    text = str(result.stdout)
    assert "test_it.py::test_home: regression: " in text and told in text


@pytest.mark.parametrize("flag", ["--perf-compare=../x", "--perf-save-baseline=a b", "--perf-compare=.."])
def test_a_wrong_name_is_a_usage_error(suite: Suite, flag: str) -> None:
    result = suite(FAST, flag)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "is not a name for a baseline" in str(result.stderr)


@pytest.mark.parametrize("flag", ["--perf-compare", "--perf-save-baseline", "--perf-history"])
def test_a_flag_does_not_take_the_tests_for_its_own_value(suite: Suite, flag: str) -> None:
    result = suite(FAST, flag, "test_it.py")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"{flag}: 'test_it.py' is there as a file or folder: write {flag}=test_it.py" in str(result.stderr)


def test_ini_options_do_the_same(undisturbed: Suite, pytester: pytest.Pytester, server_url: str) -> None:
    ini = f"perf_base_url = {server_url}\nperf_save_baseline = nightly\nperf_history = runs.db\n"
    undisturbed(FAST, ini=ini)
    assert (pytester.path / STORED.with_name("nightly.json")).exists()
    assert history.read(pytester.path / "runs.db")


def test_every_session_adds_to_the_history(suite: Suite, pytester: pytest.Pytester) -> None:
    for _ in range(2):
        result = suite(FAST, "--perf-history")
    assert "perfplug: wrote " in str(result.stdout)
    entries = history.read(pytester.path / ".perfplug" / "history.db")
    assert [(entry.test, entry.name) for entry in entries] == [("test_it.py::test_home", "home")] * 2


def test_a_history_that_is_none_costs_no_result(suite: Suite, pytester: pytest.Pytester) -> None:
    (pytester.path / "text.db").write_text("no database at all\n" * 50)
    result = suite(FAST, "--perf-history=text.db")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    [rescued] = (pytester.path / ".perfplug").glob("unsaved-*.json")
    text = str(result.stdout)
    assert "text.db: not written: it is not an SQLite file; the result is in " in text
    assert f"`perfplug history --add {rescued}` keeps it" in text
    assert json.loads(rescued.read_text())["runs"][0]["name"] == "home"
    assert (pytester.path / "text.db").read_text() == "no database at all\n" * 50


def test_what_could_not_be_kept_is_in_the_json_that_was_asked_for(suite: Suite, pytester: pytest.Pytester) -> None:
    with sqlite3.connect(pytester.path / "theirs.db") as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    result = suite(FAST, "--perf-history=theirs.db", "--perf-json=out.json")
    assert f"the result is in {pytester.path / 'out.json'}" in str(result.stdout)
    assert not list(pytester.path.glob(".perfplug/unsaved-*"))


def test_without_these_options_nothing_is_kept(suite: Suite, pytester: pytest.Pytester) -> None:
    suite(FAST).assert_outcomes(passed=1)
    assert not (pytester.path / ".perfplug").exists()


def test_under_xdist_loads_are_compared_and_kept_once(
    undisturbed: Suite, save: Save, pytester: pytest.Pytester
) -> None:
    pytest.importorskip("xdist")
    save(FAST, 10)
    both = ("perfplug", "xdist")
    result = undisturbed(SLOW, "-n2", "--perf-compare", "--perf-history", plugins=both)
    result.assert_outcomes(failed=1)
    result = undisturbed(FAST, "-n2", "--perf-save-baseline=other", plugins=both)
    stored = baseline.load(pytester.path / STORED.with_name("other.json"))
    assert [len(stored.records(key)) for key in stored.keys] == [1]
