"""``perfplug baseline list|show|save|rm``."""

from __future__ import annotations

import argparse
import datetime
import sys
from pathlib import Path

from perfplug import baseline
from perfplug.baseline_format import Baseline
from perfplug.errors import ReportError
from perfplug.limits import format_metric, title_of
from perfplug.measurement import METRICS
from perfplug.report.load import load_report
from perfplug.report.tables import say, show


def run(arguments: argparse.Namespace) -> int:
    """Does what the words say; the exit code. PerfplugError for what could not be done."""
    folder = Path(arguments.folder) if arguments.folder else baseline.FOLDER
    action = {"list": _list, "show": _show, "save": _save, "rm": _remove}[arguments.action]
    return action(folder, arguments)


def _list(folder: Path, _arguments: argparse.Namespace) -> int:
    rows = [_listed(folder, name) for name in baseline.names(folder)]
    if not rows:
        say(f"no baselines in {folder}", sys.stdout)
        return 0
    show(("name", "runs", "loads", "newest", "commit", ""), rows, sys.stdout, right=(1, 2))
    return 0


def _listed(folder: Path, name: str) -> tuple[str, ...]:
    try:
        stored = baseline.load(baseline.file_of(folder, name, where="perfplug baseline"))
        newest = stored.runs[-1] if stored.runs else None
        runs, loads = str(len(stored.runs)), str(len(stored.keys))
        if newest is None:
            return name, runs, loads, "", "", "empty"
        return name, runs, loads, moment(newest.at), short_commit(newest.environment.get("commit")), ""
    except ReportError as error:
        return name, "", "", "", "", str(error)


def _show(folder: Path, arguments: argparse.Namespace) -> int:
    path = baseline.file_of(folder, arguments.name, where="perfplug baseline show")
    stored = baseline.load(path)
    rows = [_load_row(stored, test, name) for test, name in stored.keys]
    head = ("test", "load", "runs", *(title_of(metric) for metric in METRICS))
    show(head, rows, sys.stdout, right=range(2, len(head)))
    for run in stored.runs:
        where = run.environment
        said = (moment(run.at), short_commit(where.get("commit")), where.get("branch"), where.get("cpu"))
        say("  ".join(str(word) for word in said if word), sys.stdout)
    return 0


def _load_row(stored: Baseline, test: str, name: str) -> tuple[str, ...]:
    """With the figures of the newest run."""
    records = stored.records((test, name))
    newest = records[-1].figures(METRICS, False)
    figures = ("-" if value is None else format_metric(metric, value) for metric, value in newest.values.items())
    return (test, name, str(len(records)), *figures)


def _save(folder: Path, arguments: argparse.Namespace) -> int:
    path = baseline.file_of(folder, arguments.name, where="perfplug baseline save")
    saved = baseline.save(path, load_report(arguments.result))
    for line in (*saved.left_out, *([saved.set_aside] if saved.set_aside else [])):
        say(f"perfplug: {line}", sys.stderr)
    say(f"saved {saved.loads} of {saved.loads + len(saved.left_out)} loads in {path}", sys.stdout)
    return 0 if saved.loads else 1


def _remove(folder: Path, arguments: argparse.Namespace) -> int:
    path = baseline.file_of(folder, arguments.name, where="perfplug baseline rm")
    baseline.remove(path)
    say(f"removed {path}", sys.stdout)
    return 0


def moment(epoch: float) -> str:
    """In the time zone of the reader."""
    try:
        return datetime.datetime.fromtimestamp(epoch).strftime("%Y-%m-%d %H:%M")
    except (OverflowError, ValueError, OSError):
        return "?"


def short_commit(commit: object) -> str:
    return str(commit)[:9] if commit else ""
