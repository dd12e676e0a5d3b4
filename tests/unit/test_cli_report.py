"""``perfplug report``: every form from a result's JSON, and clear errors for what is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from builders import case, judged, report

from perfplug.cli import main
from perfplug.report.json_report import JsonReport
from perfplug.report.load import load_report
from perfplug.sla import Verdict

FORMS = ("json", "junit", "markdown", "csv", "html")


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "result.json"
    path.write_text(JsonReport().render(report(case(judged(verdict=Verdict.FAIL, observed=0.2)))), encoding="utf-8")
    return path


def test_every_form_is_made_from_a_result_and_a_failed_limit_is_no_failure_of_it(saved: Path, tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there"
    words = [word for form in FORMS for word in (f"--{form}", str(folder / form))]
    assert main(["report", str(saved), *words]) == 0
    made = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert sorted(made) == sorted([*FORMS, "csv.timeline"])
    assert all("GET /session/42/status" in text or "session" in text for text in made.values())
    assert len(made["csv.timeline"].splitlines()) == 11


def test_without_a_form_the_table_is_shown(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(saved)]) == 0
    assert "p95 < 100 ms" in capsys.readouterr().out


def test_several_results_become_one(saved: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text(JsonReport().render(report(case(test="test_b"))), encoding="utf-8")
    assert main(["report", str(saved), str(other), str(saved), "--json", str(tmp_path / "all.json")]) == 0
    whole = load_report(tmp_path / "all.json")
    assert [(one.test.split("::")[-1], one.result.requests) for one in whole.cases] == [
        ("test_session_status", 4000),
        ("test_b", 2000),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"schema": "other/7", "runs": []}', "of schema 'other/7'; this perfplug reads 'perfplug.result/1'"),
        ("[]", "no 'schema' in it"),
        ("", "damaged JSON"),
        ("\x00\x01", "damaged JSON"),
    ],
)
def test_what_is_no_result_is_said_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, said: str
) -> None:
    path = tmp_path / "x.json"
    path.write_text(content, encoding="utf-8")
    assert main(["report", str(path), "--html", str(tmp_path / "page.html")]) == 5
    told = capsys.readouterr().err
    assert said in told and str(path) in told and told.count("\n") == 1
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_result_cut_short_is_said_wherever_it_ends(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], share: float
) -> None:
    text = saved.read_text(encoding="utf-8")
    cut = tmp_path / "cut.json"
    cut.write_text(text[: int(share * len(text))], encoding="utf-8")
    assert main(["report", str(saved), str(cut), "--markdown", str(tmp_path / "m.md")]) == 5
    assert f"{cut}: not a result: damaged JSON" in capsys.readouterr().err


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path / "none.json")]) == 5
    assert "none.json: not read: No such file" in capsys.readouterr().err


def test_one_file_that_cannot_be_written_does_not_stop_the_others(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    words = ["--html", str(blocked / "page.html"), "--csv", str(tmp_path / "a.csv"), "--json", "/dev/full"]
    assert main(["report", str(saved), *words]) == 5
    told = capsys.readouterr().err
    assert "page.html: not written: Not a directory" in told
    assert "/dev/full: not written: No space left on device" in told
    assert (tmp_path / "a.csv").exists()


def test_a_damaged_count_is_no_verdict(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(saved.read_text(encoding="utf-8"))
    document["runs"][0]["requests"] = -1
    saved.write_text(json.dumps(document), encoding="utf-8")
    assert main(["report", str(saved)]) == 5
    assert "runs[0].requests" in capsys.readouterr().err
