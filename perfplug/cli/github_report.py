"""``perfplug github report``: tells a job what was measured, and whether that is green.

Green is what nothing speaks against: no failure, and none of what was asked for is missing. A test that failed by
itself, by an assertion of its own, has failed its own step and is no concern of this one.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from perfplug.actions import Job, job
from perfplug.cli.ci_words import AB, NO_BASE, RESULT
from perfplug.comparing import EVERYTHING
from perfplug.errors import ReportError
from perfplug.report import Report
from perfplug.report.github import command
from perfplug.report.github_job import log_lines, summarise
from perfplug.report.load import load_report
from perfplug.report.outcome import failures
from perfplug.sla import overall


def report(arguments: argparse.Namespace) -> int:
    """0 when everything is green, else 1; 5 for a result that cannot be read."""
    here = job(os.environ)
    folder = Path(arguments.out)
    codes = [_tell(here, folder / RESULT, arguments, title="")]
    if arguments.ab and not (folder / NO_BASE).exists():
        codes.append(_tell(here, folder / AB, arguments, title="A/B"))
    return max(codes)


def _tell(here: Job, path: Path, arguments: argparse.Namespace, *, title: str) -> int:
    """Of one result. The output ``verdict`` is of the tests."""
    try:
        found = load_report(path)
    except ReportError as error:
        print(command("error", f"{error}; nothing is known of these tests", title="no result"))
        here.add_summary(f"## 🚫 {title or 'performance tests'}: no result\n")
        _set_verdict(here, "INVALID", title)
        return 5 if path.exists() else 1
    problems = [] if title else list(_missing(found, arguments))
    sys.stdout.write(log_lines(found, here, root=Path.cwd(), strict=arguments.strict))
    for line in problems:
        print(line)
    summarise(found, here, strict=arguments.strict, title=title)
    _set_verdict(here, overall(found.cases).value if found.cases else "INVALID", title)
    failed = any(failures(case, strict=arguments.strict) for case in found.cases)
    return int(failed or any(line.startswith("::error") for line in problems))


def _set_verdict(here: Job, verdict: str, title: str) -> None:
    if not title:
        here.set_output("verdict", verdict)


def _missing(found: Report, arguments: argparse.Namespace) -> Iterator[str]:
    """What was asked for and is not there, as annotations."""
    if not found.cases:
        yield command("error", "no performance test has measured anything: all were skipped", title="nothing measured")
    if not arguments.compare:
        return
    measured = [case for case in found.cases if case.result.unreachable is None]
    uncompared = [case for case in measured if all(one.metric == EVERYTHING for one in case.comparison)]
    if not uncompared:
        return
    causes = dict.fromkeys(one.cause for case in uncompared for one in case.comparison)
    why = found.redactor()("; ".join(causes)) or "no load was compared"
    message = (
        f"{len(uncompared)} of {len(measured)} loads were not compared with the baseline {arguments.compare}: {why}"
    )
    yield command("warning" if arguments.missing_baseline == "warn" else "error", message, title="not compared")
