"""``perfplug run``: measure, judge, write, show; in this order, so that nothing measured is ever lost."""

from __future__ import annotations

import argparse
import contextlib
import enum
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from perfplug import baseline, engine
from perfplug.cli.arguments import limits_of, plan_of
from perfplug.cli.progress import INTERVAL, watch
from perfplug.cli.prometheus import prometheus_of
from perfplug.cli.words import regression_of
from perfplug.comparer import Comparer
from perfplug.environment import fingerprint
from perfplug.keeping import keep
from perfplug.report import Case, Report, forms
from perfplug.sla import Verdict, judge
from perfplug.stopping import watch_of


class Exit(enum.IntEnum):
    """Exit codes of the runner, as ``--help`` tells them."""

    OK = 0
    FAILED = 1
    USAGE = 2
    INVALID = 3
    UNREACHABLE = 4
    NOT_WRITTEN = 5
    INTERRUPTED = 130


def run(arguments: argparse.Namespace) -> int:
    """Does what the words say; the exit code. PerfplugError for what could not be done at all."""
    limits = limits_of(arguments)
    plan = plan_of(arguments, limits)
    baseline_file, regression = _baseline_file(arguments.compare, "--compare"), regression_of(arguments)
    _baseline_file(arguments.save_baseline, "--save-baseline")
    prometheus = prometheus_of(arguments)
    targets = targets_of(arguments)
    with prometheus.watch(plan) as serve, watch(plan.load, sys.stderr, quiet=arguments.quiet) as show_live:

        def look(progress: engine.Progress) -> None:
            serve(progress)
            show_live(progress)

        result = engine.run(
            plan, name=plan.request.name, on_progress=look, interval=INTERVAL, watch=watch_of(plan, limits)
        )
    environment = fingerprint(libcurl=engine.CURL_VERSION)
    case = Case.of(result.plan.request.url, result, judge(result, limits))
    if baseline_file is not None:
        comparer = Comparer(baseline_file, lambda: environment)
        case = case.compared(
            comparer.compare(case, regression=regression, secret_headers=tuple(arguments.secret_header))
        )
    report = Report(environment=environment, cases=(case,), secret_headers=tuple(arguments.secret_header))
    lost = list(write(report, targets))
    lost += _keep(report, arguments, Path(arguments.json) if arguments.json is not None and not lost else None)
    lost += prometheus.write(report)
    show(report, quiet=arguments.quiet)
    for line in lost:
        complain(line)
    code = exit_code(case)
    return Exit.NOT_WRITTEN if (lost or prometheus.problems) and code is Exit.OK else code


def exit_code(case: Case) -> Exit:
    """What a judged result means for the caller."""
    if case.result.interrupted:
        return Exit.INTERRUPTED
    if case.result.unreachable is not None:
        return Exit.UNREACHABLE
    return {Verdict.FAIL: Exit.FAILED, Verdict.INVALID: Exit.INVALID}.get(case.verdict, Exit.OK)


def targets_of(arguments: argparse.Namespace) -> tuple[forms.Target, ...]:
    """The files that were asked for. UsageError for one that this installation cannot make: before the measurement."""
    return forms.forms({name: getattr(arguments, name) for name in forms.NAMES})


def write(report: Report, targets: tuple[forms.Target, ...]) -> Iterator[str]:
    """Writes the files. Yields what could not be written."""
    return (problem for _, problem in forms.write(report, targets) if problem is not None)


def _baseline_file(name: str | None, where: str) -> Path | None:
    """UsageError for a name that is none."""
    return None if name is None else baseline.file_of(baseline.FOLDER, name, where=where)


def _keep(report: Report, arguments: argparse.Namespace, as_json: Path | None) -> Iterator[str]:
    """Adds the result to a baseline and the history, as asked. Says what was done, and yields what could not be."""
    if report.cases[0].result.unreachable is not None:
        return
    kept = keep(
        report,
        root=Path(),
        baseline_file=_baseline_file(arguments.save_baseline, "--save-baseline"),
        history_file=None if arguments.history is None else Path(arguments.history),
        result_file=as_json,
    )
    for output in kept:
        if output.problem is not None:
            yield output.problem
        for line in (output.said, *output.notes):
            if line and not arguments.quiet:
                complain(line)


def show(report: Report, *, quiet: bool) -> None:
    unreachable = report.cases[0].result.unreachable
    if unreachable is not None:
        complain(report.redactor()(unreachable))
        return
    # A reader of our output that has gone away (| head) is no fault of the measurement.
    try:
        if quiet:
            _show_verdict(report)
        else:
            from perfplug.report import terminal

            terminal.show(report, sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:
        silence_stdout()


def _show_verdict(report: Report) -> None:
    from perfplug import comparing
    from perfplug.report.escape import ascii_only, console, printable
    from perfplug.report.wording import verdict_words
    from perfplug.sla import describe

    redact, case = report.redactor(), report.cases[0]
    for line in [*map(describe, case.judged), *map(comparing.describe, case.comparison)]:
        print(console(ascii_only(printable(redact(line)))))
    print(verdict_words(report.cases))


def silence_stdout() -> None:
    """Python flushes standard output once more when it ends, and would complain."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain(line: str) -> None:
    from perfplug.report.escape import printable

    print(f"perfplug: {printable(line)}", file=sys.stderr)
