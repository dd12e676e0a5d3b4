"""Baseline files: what is kept, what is left out, and what is done with files that are none."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import builders
import earlier
import pytest

from perfplug import baseline
from perfplug.baseline_format import RUNS_MAX, parse
from perfplug.comparer import Comparer
from perfplug.comparing import EVERYTHING, Compared
from perfplug.errors import ReportError, UsageError
from perfplug.measurement import METRICS
from perfplug.report import Report
from perfplug.sla import Verdict

KEY = ("test_a.py::test_it", "GET /session/42/status")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return baseline.file_of(tmp_path / "baselines", "default", where="here")


def saved(path: Path, runs: int) -> dict[str, Any]:
    for seed in range(runs):
        baseline.save(path, earlier.report(seed=seed))
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def compare(path: Path, report: Report) -> tuple[Compared, ...]:
    return Comparer(path, lambda: report.environment).compare(report.cases[0])


def test_what_is_saved_can_be_compared_with(path: Path) -> None:
    saved(path, 12)
    like, worse = compare(path, earlier.report(seed=50)), compare(path, earlier.report(times=1.5, seed=50))
    assert {one.verdict for one in like} == {Verdict.PASS}
    assert {one.metric for one in worse if one.verdict is Verdict.FAIL} == set(METRICS) - {"error_rate"}
    assert {one.runs for one in like} == {12}


def test_a_run_stands_with_its_time_fingerprint_load_and_blocks(path: Path) -> None:
    document = saved(path, 1)
    [run] = document["runs"]
    [load] = run["loads"]
    assert document["schema"] == "perfplug.baseline/1"
    assert run["at"] == 1_700_000_000.5
    assert run["environment"] == builders.ENVIRONMENT
    assert (load["test"], load["name"]) == KEY
    assert load["workload"]["users"] == 15
    assert sum(block["requests"] for block in load["blocks"]) == load["requests"] == 2000


def test_of_each_load_the_newest_fifty_runs_are_kept(path: Path) -> None:
    baseline.save(path, earlier.report(test="test_b.py::test_rare"))
    document = saved(path, RUNS_MAX + 3)
    stored = baseline.load(path)
    assert len(stored.records(KEY)) == RUNS_MAX
    assert len(stored.records(("test_b.py::test_rare", KEY[1]))) == 1
    assert len(document["runs"]) == RUNS_MAX + 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"verdict": Verdict.FAIL}, "it is a FAIL"),
        ({"verdict": Verdict.INVALID}, "the client spoiled it"),
        ({"result": builders.result(interrupted=True)}, "it was interrupted"),
        ({"result": builders.result(unreachable="127.0.0.1:1: connection refused")}, "nothing was measured"),
        ({"result": builders.result(client=builders.client(valid=False))}, "the client spoiled it"),
        ({"test": "test_failed"}, "its test failed"),
    ],
)
def test_what_failed_or_was_not_measured_well_is_left_out_and_named(
    path: Path, changes: dict[str, Any], reason: str
) -> None:
    bad = builders.case(**{"test": "test_bad", **changes})
    done = baseline.save(path, builders.report(bad, earlier.case()), failed_tests=frozenset({"test_failed"}))
    assert done.loads == 1
    assert done.left_out == (f"{bad.test}, GET /session/42/status: {reason}",)
    assert baseline.load(path).keys == (KEY,)


def test_when_nothing_is_fit_no_file_is_made(path: Path) -> None:
    assert baseline.save(path, builders.report(builders.case(verdict=Verdict.FAIL))).loads == 0
    assert not path.exists()


def test_secrets_of_a_request_are_in_no_key(path: Path) -> None:
    plan = builders.plan(url="http://127.0.0.1:8000/?token=s3cr3tvalue", name="GET /?token=s3cr3tvalue")
    case = builders.case(result=builders.result(plan=plan, name=plan.request.name))
    baseline.save(path, builders.report(case))
    assert "s3cr3tvalue" not in path.read_text()


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", ".hidden", "a\nb", "x" * 101, "ä"])
def test_a_name_stays_inside_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="--perf-compare: .* is not a name for a baseline"):
        baseline.file_of(tmp_path, name, where="--perf-compare")


DAMAGED = {
    "empty": "",
    "a list": "[]",
    "not JSON": "{",
    "NaN": '{"schema": "perfplug.baseline/1", "runs": [{"at": NaN, "environment": {}, "loads": []}]}',
    "no schema": "{}",
    "a result": '{"schema": "perfplug.result/1", "environment": {}, "runs": []}',
    "an older schema": '{"schema": "perfplug.baseline/0", "runs": []}',
    "runs are no list": '{"schema": "perfplug.baseline/1", "runs": {}}',
    "no loads": '{"schema": "perfplug.baseline/1", "runs": [{"at": 1, "environment": {}}]}',
    "deeply nested": "[" * 100_000,
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_baseline_is_inconclusive_with_file_and_reason(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text)
    [compared] = compare(path, earlier.report())
    assert (compared.metric, compared.verdict) == (EVERYTHING, Verdict.INCONCLUSIVE)
    assert compared.cause.startswith(str(path))


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED.keys())
def test_saving_sets_a_damaged_baseline_aside_and_says_so(path: Path, text: str) -> None:
    path.parent.mkdir()
    for number in (1, 2):
        path.write_text(text)
        done = baseline.save(path, earlier.report())
        assert f"kept as default.json.damaged-{number}" in (done.set_aside or "")
        assert path.with_name(f"default.json.damaged-{number}").read_text() == text
    assert baseline.load(path).keys == (KEY,)


def test_a_file_cut_short_anywhere_is_never_green(path: Path) -> None:
    saved(path, 12)
    whole = path.read_text()
    for cut in range(0, len(whole) - 2, len(whole) // 40):
        path.write_text(whole[:cut])
        assert {one.verdict for one in compare(path, earlier.report(seed=50))} == {Verdict.INCONCLUSIVE}


def test_any_damaged_histogram_is_never_green(path: Path) -> None:
    document = saved(path, 12)
    for damage in ("", "SElTVA==", document["runs"][1]["loads"][0]["blocks"][0]["histogram"]):
        document["runs"][0]["loads"][0]["latency"] = damage
        path.write_text(json.dumps(document))
        [compared] = compare(path, earlier.report(seed=50))
        assert compared.verdict is Verdict.INCONCLUSIVE
        assert "runs[0].loads[0]" in compared.cause


@pytest.mark.parametrize("field", ["requests", "ok"])
def test_counts_that_contradict_each_other_are_never_green(path: Path, field: str) -> None:
    document = saved(path, 12)
    document["runs"][3]["loads"][0][field] = 1
    path.write_text(json.dumps(document))
    [compared] = compare(path, earlier.report(seed=50))
    assert "contradict" in compared.cause


def test_a_missing_baseline_says_what_to_do(path: Path) -> None:
    [compared] = compare(path, earlier.report())
    assert compared.cause == f"{path}: there is no such baseline; save one first"


def test_a_foreign_baseline_is_inconclusive_and_names_the_difference(path: Path) -> None:
    saved(path, 12)
    compared = compare(path, earlier.report(environment={"cpu": "Other CPU"}))
    assert {one.verdict for one in compared} == {Verdict.INCONCLUSIVE}
    assert {one.cause for one in compared} == {
        "the baseline is of another machine: cpu Example CPU @ 2.00GHz then, Other CPU now"
    }


def test_a_load_that_the_baseline_does_not_know_is_inconclusive(path: Path) -> None:
    saved(path, 1)
    [compared] = compare(path, earlier.report(test="test_new.py::test_it"))
    assert compared.cause == "it has no run in the baseline"


def test_a_regression_of_an_earlier_test_leaves_more_room_for_the_next(path: Path) -> None:
    saved(path, 12)
    comparer = Comparer(path, lambda: builders.ENVIRONMENT)
    comparer.plan({KEY[0]: ["p95", "name"], "not in the baseline": []})
    before = comparer.family
    failed = comparer.compare(earlier.case(times=2.0, seed=50))
    assert before == len(METRICS)
    assert comparer.family == before - sum(one.verdict is Verdict.FAIL for one in failed)


def test_limits_of_a_test_are_compared_and_counted_as_well(path: Path) -> None:
    saved(path, 12)
    comparer = Comparer(path, lambda: builders.ENVIRONMENT)
    comparer.plan({KEY[0]: ["p90", "p95", "name", "regression"]})
    assert comparer.family == len(METRICS) + 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
def test_what_may_not_be_read_is_not_set_aside(path: Path) -> None:
    saved(path, 1)
    path.chmod(0o000)
    with pytest.raises(ReportError, match="Permission denied"):
        baseline.save(path, earlier.report())


def test_a_folder_in_its_place_is_an_error_and_stays(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(ReportError, match="Is a directory"):
        baseline.save(path, earlier.report())
    assert path.is_dir()


def test_unknown_fields_of_a_later_version_survive_saving(path: Path) -> None:
    document = saved(path, 1)
    document["runs"][0]["loads"][0]["later"] = "kept"
    path.write_text(json.dumps(document))
    saved(path, 1)
    assert json.loads(path.read_text())["runs"][0]["loads"][0]["later"] == "kept"


def test_baselines_are_listed_and_removed(path: Path) -> None:
    saved(path, 1)
    (path.parent / "not a name.json").write_text("{}")
    assert baseline.names(path.parent) == ["default"]
    baseline.remove(path)
    assert baseline.names(path.parent) == []
    with pytest.raises(ReportError, match="not removed: No such file"):
        baseline.remove(path)


def test_a_baseline_reads_back_what_was_rendered(path: Path) -> None:
    saved(path, 2)
    stored = parse(path.read_text(), where="x")
    assert [run.at for run in stored.runs] == [1_700_000_000.5] * 2
