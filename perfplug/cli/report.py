"""``perfplug report RESULT.json...``: every form of report, made later; several results become one."""

from __future__ import annotations

import argparse
import sys

from perfplug.cli.run import Exit, complain
from perfplug.errors import UsageError
from perfplug.joining import joined
from perfplug.report.forms import NAMES, forms, write
from perfplug.report.load import load_report


def run(arguments: argparse.Namespace) -> int:
    """Reads all files before it writes any. PerfplugError for what is no result; the verdict inside is not the exit
    code, which says only whether the reports are there."""
    targets = forms({name: getattr(arguments, name) for name in NAMES})
    report = joined([load_report(path) for path in arguments.results])
    if not targets:
        if not report.cases:
            raise UsageError("perfplug report: there is no load in it, and so nothing to show")
        from perfplug.report.terminal import show

        show(report, sys.stdout)
        return Exit.OK
    problems = [problem for _, problem in write(report, targets) if problem is not None]
    for problem in problems:
        complain(problem)
    return Exit.NOT_WRITTEN if problems else Exit.OK
