"""The history of all runs in one SQLite file, ``.perfplug/history.db``.

Every session is one transaction: it is there as a whole or not at all, whatever kills the writer, and writers in other
processes wait for it. The rollback journal is used, not WAL: a single file that also works on network file systems.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from perfplug.errors import ReportError
from perfplug.report import Report
from perfplug.report.escape import printable
from perfplug.result import Result

FILE = Path(".perfplug") / "history.db"
FIGURES = ("p50", "p90", "p95", "p99", "p99_9", "mean", "max", "throughput", "error_rate")
PATIENCE = 10.0  # seconds that a locked file is waited for

_APPLICATION = 0x70657266  # "perf"; in the header, so that `file` and others can tell
_VERSION = 1
_SCHEMA = f"""
CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    commit_id TEXT,
    branch TEXT,
    environment TEXT NOT NULL
);
CREATE TABLE load (
    run INTEGER NOT NULL REFERENCES run (id),
    test TEXT NOT NULL,
    name TEXT NOT NULL,
    verdict TEXT NOT NULL,
    valid INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    duration REAL NOT NULL,
    {", ".join(f"{figure} REAL" for figure in FIGURES)}
);
CREATE INDEX load_by_name ON load (test, name, run);
"""
_COLUMNS = ("run", "test", "name", "verdict", "valid", "requests", "errors", "duration", *FIGURES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One run of one load. ``at`` is in epoch seconds; ``figures`` by the names of :data:`FIGURES`, in SI, None where
    there was none. ``environment`` is the fingerprint."""

    test: str
    name: str
    at: float
    commit: str | None
    branch: str | None
    environment: dict[str, object]
    verdict: str
    valid: bool
    requests: int
    errors: int
    duration: float
    figures: dict[str, float | None]


def write(path: Path, report: Report, *, patience: float = PATIENCE) -> None:
    """Adds all loads of a report that measured anything. ReportError when that cannot be done."""
    redact = report.redactor()
    rows = [
        (printable(redact(case.test)), printable(redact(case.result.name)), case.verdict.value, *_row(case.result))
        for case in report.cases
        if case.result.requests
    ]
    environment = report.environment
    run = (report.started_at, environment.get("commit"), environment.get("branch"), json.dumps(dict(environment)))
    with _opened(path, patience, new=True) as database:
        _begin(database, path)
        number = database.execute("INSERT INTO run (at, commit_id, branch, environment) VALUES (?, ?, ?, ?)", run)
        places = ", ".join("?" * len(_COLUMNS))
        database.executemany(
            f"INSERT INTO load ({', '.join(_COLUMNS)}) VALUES ({places})", [(number.lastrowid, *row) for row in rows]
        )
        database.execute("COMMIT")


def read(path: Path, test: str | None = None, *, patience: float = PATIENCE) -> list[Entry]:
    """The runs of all loads, or of those whose test or name holds `test`; the oldest first. ReportError as above."""
    with _opened(path, patience, new=False) as database:
        _check(database, path)
        found = database.execute(
            f"SELECT at, commit_id, branch, environment, {', '.join(_COLUMNS[1:])} FROM load JOIN run ON run.id = run "
            "WHERE ?1 IS NULL OR instr(test, ?1) OR instr(name, ?1) ORDER BY at, run.id, load.rowid",
            (test,),
        )
        return [_entry(row) for row in found]


def loads(entries: Sequence[Entry]) -> dict[tuple[str, str], list[Entry]]:
    """Entries by test and name, in the order in which each was last seen."""
    found: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        found.setdefault((entry.test, entry.name), []).append(entry)
    return found


def _row(result: Result) -> tuple[object, ...]:
    figures = [_figure(result, name) for name in FIGURES]
    return int(result.client.valid), result.requests, result.requests - result.ok, result.duration, *figures


def _figure(result: Result, name: str) -> float | None:
    """Latencies are of good requests, and None when there is none."""
    return float(getattr(result, name)) if result.ok or name in ("throughput", "error_rate") else None


def _entry(row: Sequence[object]) -> Entry:
    at, commit, branch, environment, test, name, verdict, valid, requests, errors, duration, *figures = row
    return Entry(
        test=str(test),
        name=str(name),
        at=_number(at),
        commit=None if commit is None else str(commit),
        branch=None if branch is None else str(branch),
        environment=_environment(environment),
        verdict=str(verdict),
        valid=bool(valid),
        requests=int(_number(requests)),
        errors=int(_number(errors)),
        duration=_number(duration),
        figures={key: None if value is None else _number(value) for key, value in zip(FIGURES, figures, strict=True)},
    )


def _number(value: object) -> float:
    if not isinstance(value, (int, float)):
        raise sqlite3.DatabaseError(f"{str(value)[:40]!r} stands where a number should")
    return float(value)


def _environment(text: object) -> dict[str, object]:
    try:
        value = json.loads(str(text))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise sqlite3.DatabaseError("a fingerprint in it is damaged")
    return value


@contextlib.contextmanager
def _opened(path: Path, patience: float, *, new: bool) -> Iterator[sqlite3.Connection]:
    """A connection that every error of SQLite's leaves as a ReportError with the reason in it."""
    if not new and not os.path.exists(path):
        raise ReportError(f"{path}: there is no history yet; --perf-history begins one")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = "rwc" if new else "rw"  # to read after a crash is to roll back
        database = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=patience, isolation_level=None
        )
        with contextlib.closing(database):
            yield database
    except (OSError, sqlite3.Error) as error:
        raise ReportError(f"{path}: {'not written' if new else 'not read'}: {_reason(error, patience)}") from error


def _reason(error: Exception, patience: float) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    text = str(error)
    if "locked" in text or "busy" in text:
        return f"it is locked by another process, for {patience:g} s by now"
    if "not a database" in text:
        return "it is not an SQLite file"
    return text


def _begin(database: sqlite3.Connection, path: Path) -> None:
    """A transaction that no other writer is in; the tables are made in it when the file is new."""
    database.execute("BEGIN IMMEDIATE")
    if _pragma(database, "schema_version") == 0:
        for statement in _SCHEMA.split(";"):
            database.execute(statement)
        database.execute(f"PRAGMA application_id = {_APPLICATION}")
        database.execute(f"PRAGMA user_version = {_VERSION}")
    _check(database, path)


def _check(database: sqlite3.Connection, path: Path) -> None:
    application, version = _pragma(database, "application_id"), _pragma(database, "user_version")
    if application != _APPLICATION:
        raise ReportError(f"{path}: an SQLite file, but not a history of perfplug's")
    if version != _VERSION:
        raise ReportError(f"{path}: a history of schema {version}; this perfplug knows {_VERSION}")


def _pragma(database: sqlite3.Connection, name: str) -> int:
    (value,) = database.execute(f"PRAGMA {name}").fetchone()
    return int(value)
