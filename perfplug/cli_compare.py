"""``perfplug compare A.json B.json``: load by load, with an exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from perfplug import baseline_format, comparing
from perfplug.baseline_format import Key, key_of
from perfplug.cli_words import regression_of
from perfplug.comparer import compared_metrics
from perfplug.comparing import Compared, Pair, compare
from perfplug.errors import ReportError
from perfplug.measurement import of_result, workload
from perfplug.past import Record, choose
from perfplug.report import Case, Report, wording
from perfplug.report.load import parse_report
from perfplug.report.node import read_text
from perfplug.report.tables import say, show
from perfplug.report.terminal import STYLES
from perfplug.sla import Verdict, overall

NOTHING_COMPARED = 8  # exit code


def run(arguments: argparse.Namespace) -> int:
    """Does what the words say; the exit code. PerfplugError for what could not be done at all."""
    regression = regression_of(arguments)
    base = _records(arguments.base)
    head = parse_report(read_text(arguments.head, what="a result"), where=arguments.head)
    cases = {key_of(case): case for case in head.cases if case.result.unreachable is None}
    both = [key for key in cases if key in base]
    if not both:
        _say(f"no load in common: {_named(arguments.base, list(base))}; {_named(arguments.head, list(cases))}")
        return NOTHING_COMPARED
    pairs = [_pair(cases[key], base[key], head, regression) for key in both]
    compared = dict(zip(both, compare(pairs), strict=True))
    _show(compared)
    for line in _left_out(arguments, list(base), list(cases)):
        _say(line)
    return _finish(compared)


def _records(path: str) -> dict[Key, list[Record]]:
    """What a file holds of each load, a baseline's runs or the one of a result. ReportError when it is neither."""
    text = read_text(path, what="a result")
    try:
        stored = baseline_format.parse(text, where=path)
    except ReportError:
        return _of_report(parse_report(text, where=path))
    return {key: list(stored.records(key)) for key in stored.keys}


def _of_report(report: Report) -> dict[Key, list[Record]]:
    found: dict[Key, list[Record]] = {}
    for case in report.cases:
        if case.result.requests:
            found.setdefault(key_of(case), []).append(_record(case, report))
    return found


def _record(case: Case, report: Report) -> Record:
    return Record(
        environment=report.environment, workload=workload(case.result), measure=lambda: of_result(case.result)
    )


def _pair(case: Case, records: list[Record], head: Report, regression: float | None) -> Pair:
    return Pair(
        now=of_result(case.result),
        past=choose(records, head.environment, workload(case.result)),
        metrics=compared_metrics(judged.limit.metric for judged in case.judged),
        regression=regression,
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
