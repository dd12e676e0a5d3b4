"""The words of the commands that put nothing of the user's under load: compare, baseline, history, report, doctor."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from perfplug.errors import UsageError
from perfplug.units import parse_share

AddParser = Callable[..., argparse.ArgumentParser]

_COMPARE = """\
The first file is the base: a result, or a baseline (.perfplug/baselines/NAME.json). The second is a result. Loads of
the same test and name are compared: p50, p95, p99, throughput, error rate, and what their limits name.

A base of fewer than ten runs, or of another machine, says little: only a change beyond the spread between machines
(+39 %) is called a regression, all else is INCONCLUSIVE, and nothing passes. See docs/baselines.md.

exit codes:
  0    no regression (what could not be decided is said, and still 0)
  1    a regression
  2    something was said wrongly
  5    a file could not be read, or is no result
  8    nothing could be compared: no load in common, or none that is alike
"""
_REPORT = """\
Without a form, the table is shown. Of several files, loads of the same test, name, work and limits are merged: counts
and histograms are added up exactly, and the limits judged again on all of it.

exit codes:
  0    written, or shown (whatever the verdict in it)
  2    something was said wrongly
  5    a file could not be read, is no result, or could not be written
"""
_DOCTOR = """\
Looks at this machine for half a minute: clock, scheduler, kernel timestamps, the quantiles of a built-in server that
knows its own delays, descriptors, ports, CPUs, and who else is on them. Run it while nothing else runs.

exit codes:
  0    GOOD or FAIR: timings made here can be trusted
  1    POOR: they cannot, until that has been seen to
  2    something was said wrongly
  3    it could not be found out
  5    trustworthy, but the file could not be written
  130  interrupted
"""
_HISTORY = """\
Shows each load of the history: a table of its runs, a plot of one metric, and where its level changed (a change point:
p < 0.001 by permutation; advice, no verdict).

exit codes:
  0    shown
  2    something was said wrongly
  5    the history could not be read, or a file not be written
  8    there is no such test in it
"""


def add_forms(group: argparse._ActionsContainer) -> None:
    """The files that a result can be written to, by the names in :mod:`perfplug.report.forms`."""
    group.add_argument("--json", metavar="F", help="write the whole result, with its histograms")
    group.add_argument("--junit", metavar="F", help="write JUnit XML, a testcase for each limit and comparison")
    group.add_argument("--markdown", metavar="F", help="write Markdown, for a job summary or a comment")
    group.add_argument("--csv", metavar="F", help="write CSV, a row of figures; the timeline goes into F.timeline.csv")
    group.add_argument("--html", metavar="F", help="write one HTML file with graphs, for people; it needs no network")


def add_report(add: AddParser) -> None:
    parser = _parser(add, "report", "make reports from result files, and one of several", _REPORT)
    parser.add_argument("results", metavar="RESULT.json", nargs="+", help="what --json or --perf-json wrote")
    add_forms(parser)


def add_compare(add: AddParser) -> None:
    parser = _parser(add, "compare", "compare two result files, load by load", _COMPARE)
    parser.add_argument("base", metavar="A.json", help="what to compare with")
    parser.add_argument("head", metavar="B.json", help="what may have become slower")
    parser.add_argument("--regression", metavar="SHARE", help="by how much a metric may be worse, such as 5%%")


def add_baseline(add: AddParser) -> None:
    parser = _parser(add, "baseline", "list, show, save and remove baselines", "Baselines are kept in DIR/NAME.json.")
    parser.add_argument("--folder", metavar="DIR", help=".perfplug/baselines when nothing is said")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _parser(actions.add_parser, "list", "the baselines there are")
    show = _parser(actions.add_parser, "show", "the loads of a baseline, and what they came to")
    show.add_argument("name", metavar="NAME", nargs="?", default="default")
    save = _parser(actions.add_parser, "save", "add a result file to a baseline")
    save.add_argument("result", metavar="RESULT.json")
    save.add_argument("name", metavar="NAME", nargs="?", default="default")
    remove = _parser(actions.add_parser, "rm", "remove a baseline")
    remove.add_argument("name", metavar="NAME")


def add_history(add: AddParser) -> None:
    parser = _parser(add, "history", "how loads came out over time", _HISTORY)
    parser.add_argument("test", metavar="TEST", nargs="?", help="only loads whose test or name holds this text")
    parser.add_argument("--file", metavar="F", help=".perfplug/history.db when nothing is said")
    parser.add_argument("--metric", metavar="METRIC", default="p95", help="what is plotted: p50, throughput, ...; p95")
    parser.add_argument("--limit", type=_above_zero, default=50, metavar="N", help="the newest N runs of each load; 50")
    parser.add_argument("--csv", metavar="F", help="write the runs as CSV")
    parser.add_argument("--json", metavar="F", help="write the runs and change points as JSON")
    parser.add_argument("--add", metavar="RESULT.json", help="first add this result file to the history")


def add_doctor(add: AddParser) -> None:
    parser = _parser(add, "doctor", "whether timings made on this machine can be trusted", _DOCTOR)
    parser.add_argument(
        "--aa", type=_above_zero, metavar="N", help="compare a service with itself N times, some 10 s each"
    )
    parser.add_argument("--json", metavar="F", help="write the findings as JSON")
    parser.add_argument("-q", "--quiet", action="store_true", help="do not say what is looked at")


def add_keeping(parser: argparse.ArgumentParser) -> None:
    """What ``perfplug run`` does with a result beyond its files."""
    group = parser.add_argument_group("baseline and history")
    group.add_argument("--save-baseline", nargs="?", const="default", metavar="NAME", help="add it to a baseline")
    group.add_argument("--compare", nargs="?", const="default", metavar="NAME", help="compare it with a baseline")
    group.add_argument("--regression", metavar="SHARE", help="by how much it may be worse than the baseline: 5%%")
    group.add_argument("--history", nargs="?", const=".perfplug/history.db", metavar="F", help="add it to the history")


def regression_of(arguments: argparse.Namespace) -> float | None:
    """The share of ``--regression``. UsageError for what is none."""
    if arguments.regression is None:
        return None
    try:
        share = parse_share(arguments.regression)
    except UsageError as error:
        raise UsageError(f"--regression: {error}") from None
    if share <= 0.0:
        raise UsageError(f"--regression: {arguments.regression!r} leaves no room at all: write it like '5%'")
    return share


def _parser(add: AddParser, name: str, what: str, more: str = "") -> argparse.ArgumentParser:
    return add(
        name,
        help=what,
        description=f"{what[0].upper()}{what[1:]}.",
        epilog=more or None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _above_zero(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text[:9])):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text[:9])
