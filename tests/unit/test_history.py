"""The history file: what is written comes back, and what is no history is never written over."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path

import builders
import earlier
import pytest

from perfplug import history
from perfplug.errors import ReportError
from perfplug.history_forms import to_csv, to_json
from perfplug.trend import Change, changes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".perfplug" / "history.db"


def test_what_is_written_comes_back(path: Path) -> None:
    report = earlier.report(environment={"branch": "main"})
    history.write(path, report)
    [entry] = history.read(path)
    result = report.cases[0].result
    assert (entry.test, entry.name, entry.verdict) == ("test_a.py::test_it", result.name, "PASS")
    assert (entry.at, entry.commit, entry.branch) == (result.started_at, "0" * 40, "main")
    assert entry.environment == report.environment
    assert entry.figures == {name: pytest.approx(getattr(result, name)) for name in history.FIGURES}
    assert (entry.requests, entry.errors, entry.valid) == (2000, 0, True)


def test_runs_come_in_the_order_of_their_time(path: Path) -> None:
    for at in (30.0, 10.0, 20.0):
        history.write(path, earlier.report(started_at=at))
    assert [entry.at for entry in history.read(path)] == [10.0, 20.0, 30.0]


def test_a_test_is_found_by_any_part_of_its_name(path: Path) -> None:
    history.write(path, builders.report(earlier.case(test="test_a.py::test_login"), earlier.case(test="test_b.py::x")))
    assert [entry.test for entry in history.read(path, "login")] == ["test_a.py::test_login"]
    assert history.read(path, "100%_nothing") == []


def test_what_never_answered_has_no_latency_but_an_error_rate(path: Path) -> None:
    result = builders.result(good=0, errors={"timeout": 7}, latency=builders.histogram([]), slices=())
    history.write(path, builders.report(builders.case(result=result)))
    [entry] = history.read(path)
    assert (entry.figures["p95"], entry.figures["error_rate"]) == (None, 1.0)


def test_secrets_are_in_no_row(path: Path) -> None:
    plan = builders.plan(url="http://127.0.0.1:8000/?token=s3cr3tvalue", name="GET /?token=s3cr3tvalue")
    history.write(path, builders.report(builders.case(result=builders.result(plan=plan, name=plan.request.name))))
    assert b"s3cr3tvalue" not in path.read_bytes()


def test_reading_what_is_not_there_says_so_and_makes_nothing(path: Path) -> None:
    with pytest.raises(ReportError, match=r"history\.db: there is no history yet"):
        history.read(path)
    assert not path.exists()


@pytest.mark.parametrize(
    "content", [b"just a text, a little longer than nothing\n" * 9, b"[]", b"SQLite format 3\0" * 99]
)
def test_a_file_that_is_not_sqlite_is_named_and_stays_as_it_is(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    for use in (lambda: history.write(path, earlier.report()), lambda: history.read(path)):
        with pytest.raises(ReportError, match=r"history\.db: not (written|read): "):
            use()
    assert path.read_bytes() == content


def test_somebody_elses_sqlite_file_is_named_and_stays_as_it_is(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    before = path.read_bytes()
    for use in (lambda: history.write(path, earlier.report()), lambda: history.read(path)):
        with pytest.raises(ReportError, match="an SQLite file, but not a history"):
            use()
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", [0, 2])
def test_another_schema_is_refused_in_both_directions(path: Path, version: int) -> None:
    history.write(path, earlier.report())
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {version}")
    database.close()
    for use in (lambda: history.write(path, earlier.report()), lambda: history.read(path)):
        with pytest.raises(ReportError, match=f"a history of schema {version}; this perfplug knows 1"):
            use()


def test_a_locked_file_is_given_up_after_a_while_and_nothing_is_lost(path: Path) -> None:
    history.write(path, earlier.report())
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    begun = time.monotonic()
    with pytest.raises(ReportError, match=r"locked by another process, for 0\.3 s by now"):
        history.write(path, earlier.report(), patience=0.3)
    assert time.monotonic() - begun >= 0.3
    other.execute("ROLLBACK")
    other.close()
    assert len(history.read(path)) == 1


def test_a_lock_that_is_given_back_in_time_is_waited_for(path: Path) -> None:
    import threading

    history.write(path, earlier.report())
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    release = threading.Timer(0.3, lambda: other.execute("ROLLBACK"))
    release.start()
    history.write(path, earlier.report())
    release.join()
    other.close()
    assert len(history.read(path)) == 2


def test_a_file_cut_short_is_an_error_and_never_a_traceback(path: Path) -> None:
    for _ in range(20):
        history.write(path, earlier.report())
    whole = path.read_bytes()
    for cut in range(1, len(whole), len(whole) // 25):
        path.write_bytes(whole[:cut])
        try:
            history.read(path)
        except ReportError as error:
            assert str(error).startswith(str(path))


def test_a_damaged_fingerprint_is_an_error(path: Path) -> None:
    history.write(path, earlier.report())
    with sqlite3.connect(path) as database:
        database.execute("UPDATE run SET environment = '[]'")
    database.close()
    with pytest.raises(ReportError, match="a fingerprint in it is damaged"):
        history.read(path)


def entries(path: Path, levels: list[float], machines: list[str] | None = None) -> list[history.Entry]:
    for at, level in enumerate(levels):
        machine = machines[at] if machines else "A"
        history.write(path, earlier.report(times=level, seed=at, started_at=float(at), environment={"cpu": machine}))
    return history.read(path)


def test_a_change_is_told_with_its_size_and_whether_the_machine_changed(path: Path) -> None:
    levels = [1.0] * 10 + [1.4] * 10
    found = entries(path, levels, ["A"] * 10 + ["B"] * 10)
    [change] = changes(found, "p95")
    assert change.index == 10
    assert change.change == pytest.approx(0.4, abs=0.1)
    assert change.machine
    assert changes(found[:10], "p95") == []


def test_spoiled_runs_are_passed_over(path: Path) -> None:
    for at in range(20):
        spoiled = at >= 10
        client = builders.client(2000, valid=not spoiled)
        history.write(path, earlier.report(times=3.0 if spoiled else 1.0, seed=at, started_at=float(at), client=client))
    assert changes(history.read(path), "p95") == []


def test_the_csv_holds_every_run_and_no_formula(path: Path) -> None:
    history.write(
        path, builders.report(earlier.case(test="=cmd()"), environment={**builders.ENVIRONMENT, "branch": "-x"})
    )
    rows = to_csv(history.loads(history.read(path))).splitlines()
    assert len(rows) == 2
    assert rows[0].startswith("test,name,at,commit,branch,verdict,valid,")
    assert rows[1].startswith("'=cmd(),GET /session/42/status,1700000000.5,")
    assert ",'-x,PASS,true,2000,0," in rows[1]


def test_the_json_holds_every_run_with_its_changes(path: Path) -> None:
    history.write(path, earlier.report())
    loads = history.loads(history.read(path))
    [key] = loads
    document = json.loads(to_json(loads, {key: [Change(0, None, False)]}, "p95"))
    assert document["schema"] == "perfplug.history/1"
    [load] = document["loads"]
    assert (load["test"], load["name"]) == key
    assert load["runs"][0]["figures"]["p95"] > 0.0
    assert load["changes"] == [{"index": 0, "change": None, "machine": False}]


def test_the_documented_query_works(path: Path) -> None:
    history.write(path, earlier.report(test="tests/test_home.py::test_home", environment={"branch": "main"}))
    document = (Path(__file__).resolve().parents[2] / "docs" / "history.md").read_text(encoding="utf-8")
    query = document.split("```sql\n")[1].split("```")[0]
    database = sqlite3.connect(path)
    [(moment, branch, p95)] = database.execute(query.strip().rstrip(";")).fetchall()
    database.close()
    assert (moment, branch) == ("2023-11-14 22:13:20", "main")
    assert p95 > 0.0
