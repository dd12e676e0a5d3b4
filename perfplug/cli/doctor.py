"""``perfplug doctor``: can timings made here be trusted? A table, a verdict, an exit code."""

from __future__ import annotations

import argparse
import enum
import sys
from collections.abc import Sequence

from perfplug import engine
from perfplug.doctor import examine, false_alarms
from perfplug.doctor.check import Check, Grade, worst
from perfplug.environment import fingerprint
from perfplug.errors import ReportError
from perfplug.report import files
from perfplug.report.json_report import layout
from perfplug.report.tables import is_rich, say, show

SCHEMA = "perfplug.doctor/1"
_STYLES = {Grade.GOOD: "green", Grade.FAIR: "yellow", Grade.POOR: "bold red"}
_MEANS = {
    Grade.GOOD: "timings made here can be trusted",
    Grade.FAIR: "timings made here can be trusted, with what is said above in mind",
    Grade.POOR: "timings made here cannot be trusted until that has been seen to",
}


class Exit(enum.IntEnum):
    """Exit codes of this command, as ``--help`` tells them."""

    TRUSTWORTHY = 0
    NOT = 1
    NOT_WRITTEN = 5


def run(arguments: argparse.Namespace) -> int:
    """Does what the words say; the exit code. PerfplugError for what could not be done at all."""
    tell = _Teller(quiet=arguments.quiet)
    checks = list(examine.examine(examine.Length(), tell))
    if arguments.aa is not None:
        checks.append(false_alarms.measure(arguments.aa, tell))
    tell.clear()
    problem = _write(checks, arguments.json) if arguments.json is not None else None
    _show(checks)
    if problem is not None:
        say(f"perfplug: {problem}", sys.stderr)
    code = Exit.NOT if worst(checks) is Grade.POOR else Exit.TRUSTWORTHY
    return Exit.NOT_WRITTEN if problem is not None and code is Exit.TRUSTWORTHY else code


class _Teller:
    """What is looked at now: on a terminal a line that goes away again, else a line each."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._over = is_rich(sys.stderr)

    def __call__(self, what: str) -> None:
        if self._quiet:
            return
        if self._over:
            sys.stderr.write(f"\r\x1b[2Klooking at: {what}")
            sys.stderr.flush()
        else:
            say(f"perfplug: looking at: {what}", sys.stderr)

    def clear(self) -> None:
        if self._over and not self._quiet:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()


def _show(checks: Sequence[Check]) -> None:
    rows = [(check.name, check.grade.value, check.seen) for check in checks]
    show(("what", "grade", "found"), rows, sys.stdout, styles=[_STYLES[check.grade] for check in checks])
    verdict = worst(checks)
    say("", sys.stdout)
    for check in checks:
        if check.advice:
            say(f"{check.name}: {check.advice}", sys.stdout)
    say(f"{verdict.value}: {_MEANS[verdict]}", sys.stdout)


def _write(checks: Sequence[Check], path: str) -> str | None:
    """What went wrong, if anything did."""
    document = {
        "schema": SCHEMA,
        "environment": fingerprint(libcurl=engine.CURL_VERSION),
        "verdict": worst(checks).value,
        "checks": [
            {"name": check.name, "grade": check.grade.value, "seen": check.seen, "advice": check.advice}
            for check in checks
        ],
    }
    try:
        files.write(path, layout(document, 3) + "\n")
    except ReportError as error:
        return str(error)
    return None
