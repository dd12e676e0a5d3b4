"""The history of loads for other tools: as CSV, a row for each run, and as JSON.

Times are seconds (``at``: epoch), rates per second, shares 0 to 1; what there was not is empty or null.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from perfplug.history import FIGURES, Entry
from perfplug.report.csv_report import inert_cell, number_cell
from perfplug.report.json_report import layout
from perfplug.trend import Change

SCHEMA = "perfplug.history/1"
_TEXTS = ("test", "name", "commit", "branch", "verdict")
_COLUMNS = ("test", "name", "at", "commit", "branch", "verdict", "valid", "requests", "errors", "duration", *FIGURES)
_BROKEN_LEVELS = 4  # document, loads, load, runs: a run is one line

Loads = Mapping[tuple[str, str], Sequence[Entry]]


def to_csv(loads: Loads) -> str:
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for entries in loads.values():
        for entry in entries:
            cells = {**asdict(entry), **entry.figures}
            writer.writerow([_cell(column, cells[column]) for column in _COLUMNS])
    return target.getvalue()


def to_json(loads: Loads, changes: Mapping[tuple[str, str], Sequence[Change]], metric: str) -> str:
    """With the change points of `metric` for each load."""
    document = {
        "schema": SCHEMA,
        "metric": metric,
        "loads": [
            {
                "test": key[0],
                "name": key[1],
                "runs": [asdict(entry) for entry in entries],
                "changes": [asdict(change) for change in changes[key]],
            }
            for key, entries in loads.items()
        ],
    }
    return layout(document, _BROKEN_LEVELS) + "\n"


def _cell(column: str, value: object) -> str:
    if value is None:
        return ""
    if column in _TEXTS:
        return inert_cell(str(value))
    return number_cell(value) if isinstance(value, float) else json.dumps(value)
