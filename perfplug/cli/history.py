"""``perfplug history [TEST]``: a table of runs, a plot, change points; CSV and JSON."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from perfplug import history
from perfplug.cli.baseline import moment, short_commit
from perfplug.errors import UsageError
from perfplug.history import FIGURES, Entry
from perfplug.history_forms import to_csv, to_json
from perfplug.limits import canonical, format_metric, title_of
from perfplug.report import chart, files
from perfplug.report.load import load_report
from perfplug.report.plot import plot
from perfplug.report.tables import is_rich, say, show
from perfplug.report.terminal import STYLES
from perfplug.sla import Verdict
from perfplug.trend import Change, changes, machine_changed
from perfplug.units import format_count, nearest

NO_SUCH_TEST = 8  # exit code
_SHOWN = ("p50", "p95", "p99", "throughput", "error_rate")
_WIDTH = 78


def run(arguments: argparse.Namespace) -> int:
    """Does what the words say; the exit code. PerfplugError for what could not be done."""
    metric = _metric(arguments.metric)
    path = Path(arguments.file) if arguments.file else history.FILE
    if arguments.add:
        history.write(path, load_report(arguments.add))
    loads = history.loads(history.read(path, arguments.test))
    if not loads:
        say(f"perfplug: {path}: no load of {arguments.test or 'any test'} in it", sys.stderr)
        return NO_SUCH_TEST
    found = {key: _newest(entries, metric, arguments.limit) for key, entries in loads.items()}
    loads = {key: entries[-arguments.limit :] for key, entries in loads.items()}
    for key, entries in loads.items():
        _show(key, entries, found[key], metric)
    if arguments.csv:
        files.write(arguments.csv, to_csv(loads))
    if arguments.json:
        files.write(arguments.json, to_json(loads, found, metric))
    return 0


def _metric(word: str) -> str:
    metric = canonical(word)
    if metric not in FIGURES:
        raise UsageError(f"--metric: {word!r} is not in the history{nearest(word, FIGURES)}")
    return metric


def _newest(entries: Sequence[Entry], metric: str, limit: int) -> list[Change]:
    """The changes among the newest entries, found in all of them and numbered among those that are shown."""
    hidden = max(0, len(entries) - limit)
    return [
        Change(change.index - hidden, change.change, change.machine)
        for change in changes(entries, metric)
        if change.index >= hidden
    ]


def _show(key: tuple[str, str], entries: Sequence[Entry], found: Sequence[Change], metric: str) -> None:
    say(f"{key[0]}  {key[1]}", sys.stdout)
    notes = {change.index: _note(change, metric) for change in found}
    rows = []
    for index, entry in enumerate(entries):
        moved = index > 0 and machine_changed(entries[index - 1], entry)
        note = "; ".join(part for part in (notes.get(index, ""), "another machine" if moved else "") if part)
        rows.append(_row(entry, note))
    head = ("when", "commit", "branch", "requests", *(title_of(name) for name in _SHOWN), "verdict", "")
    styles = [STYLES[Verdict(entry.verdict)] if entry.verdict == "FAIL" else "" for entry in entries]
    show(head, rows, sys.stdout, right=range(3, 4 + len(_SHOWN)), styles=styles)
    drawn = plot(
        [entry.figures[metric] for entry in entries],
        marked=notes,
        width=_WIDTH,
        glyphs=chart.UNICODE if is_rich(sys.stdout) else chart.ASCII,
        shown=lambda value: f"{title_of(metric)} {format_metric(metric, value)}",
    )
    for line in ("", *drawn, ""):
        say(line, sys.stdout)


def _row(entry: Entry, note: str) -> tuple[str, ...]:
    values = ((name, entry.figures[name]) for name in _SHOWN)
    figures = ("-" if value is None else format_metric(name, value) for name, value in values)
    commit = short_commit(entry.commit)
    return (
        moment(entry.at),
        commit,
        entry.branch or "",
        format_count(entry.requests),
        *figures,
        entry.verdict,
        note,
    )


def _note(change: Change, metric: str) -> str:
    size = "from 0" if change.change is None else f"{100.0 * change.change:+.2g}%"
    return f"^ change: {title_of(metric)} {size}"
