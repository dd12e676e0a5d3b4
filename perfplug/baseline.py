"""Baselines: what earlier runs measured, one file each, ``.perfplug/baselines/NAME.json``.

A file is old or new, never torn; writers in other processes wait for their turn. What is there and is no baseline is
set aside before a new one is begun, never written over.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from perfplug.baseline_format import Baseline, key_of, parse, render
from perfplug.errors import ReportError, UsageError
from perfplug.report import Case, Report, files
from perfplug.report.node import read_text
from perfplug.sla import Verdict
from perfplug.turn import turn

FOLDER = Path(".perfplug") / "baselines"
DEFAULT = "default"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SUFFIX = ".json"
_LOCK = ".lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """``loads`` went into the file at ``path``; ``left_out`` says of the others why not, a line each.

    ``set_aside`` says what was there before, when that was no baseline.
    """

    path: Path
    loads: int
    left_out: tuple[str, ...] = ()
    set_aside: str | None = None


def file_of(folder: Path, name: str, *, where: str) -> Path:
    """Where the baseline of this name is kept. UsageError, naming `where` it was said, for a name that is none."""
    return folder / f"{checked_name(name, where=where)}{_SUFFIX}"


def checked_name(name: str, *, where: str) -> str:
    """UsageError as above."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{where}: {name[:100]!r} is not a name for a baseline: letters, digits, '.', '_' and '-', such as 'main'"
        )
    return name


def load(path: Path) -> Baseline:
    """ReportError when there is none, or what is there is none."""
    if not os.path.exists(path):
        raise ReportError(f"{path}: there is no such baseline; save one first")
    return parse(read_text(path, what="a baseline"), where=str(path))


def save(path: Path, report: Report, *, failed_tests: frozenset[str] = frozenset()) -> Saved:
    """Adds the loads of a report to the baseline at `path`, which need not be there yet.

    Left out: what failed (a limit, a comparison, or the test itself), what the client spoiled, what was interrupted or
    never measured. ReportError when the file cannot be written.
    """
    reasons = [(case, _unfit(case, failed_tests)) for case in report.cases]
    fit = [case for case, reason in reasons if reason is None]
    left_out = tuple(
        f"{', '.join(key_of(case, report.secret_headers))}: {reason}" for case, reason in reasons if reason is not None
    )
    if not fit:
        return Saved(path=path, loads=0, left_out=left_out)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with turn(path.parent / _LOCK):
            earlier, set_aside = _earlier(path)
            files.write(path, render(earlier, report, fit))
    except OSError as error:
        raise ReportError(f"{path}: not written: {error.strerror}") from error
    return Saved(path=path, loads=len(fit), left_out=left_out, set_aside=set_aside)


def names(folder: Path) -> list[str]:
    """Of the files that may be baselines, in the order of the alphabet."""
    found = (path.name.removesuffix(_SUFFIX) for path in folder.glob(f"*{_SUFFIX}"))
    return sorted(name for name in found if _NAME.fullmatch(name))


def remove(path: Path) -> None:
    """ReportError when there is none, or it cannot be removed."""
    try:
        with turn(path.parent / _LOCK):
            path.unlink()
    except OSError as error:
        raise ReportError(f"{path}: not removed: {error.strerror}") from error


def _unfit(case: Case, failed_tests: frozenset[str]) -> str | None:
    result = case.result
    if result.unreachable is not None or not result.requests:
        return "nothing was measured"
    if result.interrupted:
        return "it was interrupted"
    if not result.client.valid or case.verdict is Verdict.INVALID:
        return "the client spoiled it"
    if case.verdict is Verdict.FAIL:
        return "it is a FAIL"
    return "its test failed" if case.test in failed_tests else None


def _earlier(path: Path) -> tuple[Baseline | None, str | None]:
    """What is at `path`, and what was done with it when it is no baseline."""
    if not os.path.exists(path):
        return None, None
    with open(path, "rb"):  # what cannot even be read is not set aside
        pass
    try:
        return load(path), None
    except ReportError as error:
        aside = next(other for other in _asides(path) if not other.exists())
        os.rename(path, aside)
        return None, f"{error}; it is kept as {aside.name}, and a new baseline is begun"


def _asides(path: Path) -> Iterator[Path]:
    number = 1
    while True:
        yield path.with_name(f"{path.name}.damaged-{number}")
        number += 1
