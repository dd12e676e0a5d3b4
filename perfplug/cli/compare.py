"""``perfplug compare A.json B.json``: load by load, with an exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping

from perfplug import comparing
from perfplug.baseline_format import SCHEMA as BASELINE
from perfplug.baseline_format import Key, key_of, stored_in
from perfplug.cli.words import regression_of
from perfplug.comparer import pair_of
from perfplug.comparing import Compared, Pair, compare
from perfplug.measurement import figures, of_result, workload
from perfplug.past import Record
from perfplug.report import Case, wording
from perfplug.report.json_report import SCHEMA as RESULT
from perfplug.report.load import cases_in
from perfplug.report.node import read_document, read_text
from perfplug.report.tables import say, show
from perfplug.report.terminal import STYLES
from perfplug.sla import Verdict, overall

NOTHING_COMPARED = 8  # exit code


def run(arguments: argparse.Namespace) -> int:
    """Does what the words say; the exit code. PerfplugError for what could not be done at all."""
    regression = regression_of(arguments)
    base = _records(arguments.base)
    text = read_text(arguments.head, what="a result")
    environment, cases = cases_in(read_document(text, where=arguments.head, schemas=(RESULT,), what="a result"))
    head: list[Key] = []
    pairs: dict[Key, Pair] = {}
    for case in cases:  # one at a time: what its histograms hold is large, and what is compared is small
        if case.result.unreachable is None:
            head.append(key_of(case))
            if head[-1] in base:
                pairs[head[-1]] = pair_of(case, base[head[-1]], environment, regression)
    if not pairs:
        _say(f"no load in common: {_named(arguments.base, list(base))}; {_named(arguments.head, head)}")
        return NOTHING_COMPARED
    compared = dict(zip(pairs, compare(list(pairs.values())), strict=True))
    _show(compared)
    for line in _left_out(arguments, list(base), head):
        _say(line)
    return _finish(compared)


def _records(path: str) -> dict[Key, list[Record]]:
    """What a file holds of each load, a baseline's runs or the one of a result. ReportError when it is neither."""
    what = "a result or a baseline"
    root = read_document(read_text(path, what=what), where=path, schemas=(RESULT, BASELINE), what=what)
    if root["schema"].text() == BASELINE:
        stored = stored_in(root)
        return {key: list(stored.records(key)) for key in stored.keys}
    environment, cases = cases_in(root)
    found: dict[Key, list[Record]] = {}
    for case in cases:
        if case.result.requests:
            found.setdefault(key_of(case), []).append(_record(case, environment))
    return found


def _record(case: Case, environment: Mapping[str, object]) -> Record:
    measured = of_result(case.result)
    return Record(
        environment=environment,
        workload=workload(case.result),
        figures=lambda metrics, errors: figures(measured, metrics, errors=errors),
    )


def _show(compared: dict[Key, tuple[Compared, ...]]) -> None:
    rows, styles = [], []
    for (test, name), comparison in compared.items():
        for one in comparison:
            rows.append((test, name, *wording.comparison_cells(one)))
            styles.append(STYLES[one.verdict])
            test = name = ""
    head = ("test", "load", *wording.COMPARISON_HEAD)
    show(head, rows, sys.stdout, right=(3, 4), styles=styles)


def _left_out(arguments: argparse.Namespace, base: list[Key], head: list[Key]) -> Iterator[str]:
    for path, here, there in ((arguments.base, base, head), (arguments.head, head, base)):
        for key in here:
            if key not in there:
                yield f"only in {path}: {', '.join(key)}"


def _finish(compared: dict[Key, tuple[Compared, ...]]) -> int:
    every = [one for comparison in compared.values() for one in comparison]
    verdict = overall(every)
    _say(f"{verdict.value}: {wording.comparison_words(every, verdict)}")
    if all(one.metric == comparing.EVERYTHING for one in every):
        return NOTHING_COMPARED
    return 1 if verdict is Verdict.FAIL else 0


def _named(path: str, keys: list[Key]) -> str:
    some = "; ".join(", ".join(key) for key in keys[:3])
    more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
    return f"{path} has {some}{more}" if keys else f"{path} has none"


def _say(line: str) -> None:
    say(line, sys.stdout)
