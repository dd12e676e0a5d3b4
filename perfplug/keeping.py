"""What is kept of a report beyond its own files: in a baseline, in the history. Nothing that was measured is lost:
what cannot be kept is written as a result JSON, from which it can be kept later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from perfplug import baseline, history
from perfplug.errors import ReportError
from perfplug.report import Report, files
from perfplug.report.json_report import JsonReport

FOLDER = Path(".perfplug")


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A file that was to be written, or what was to be sent (``path`` is None). ``said`` is what was done, ``notes``
    what to know of it; ``problem`` says in one line why it was not done."""

    path: Path | None = None
    said: str = ""
    notes: tuple[str, ...] = ()
    problem: str | None = None


def keep(
    report: Report,
    *,
    root: Path,
    baseline_file: Path | None = None,
    history_file: Path | None = None,
    result_file: Path | None = None,
    failed_tests: frozenset[str] = frozenset(),
) -> Iterator[Output]:
    """Adds the report to the files that are given. ``result_file`` is where it already stands as JSON, if anywhere."""
    rescue = _Rescue(report, root, result_file)
    if baseline_file is not None:
        yield _tried(baseline_file, lambda: _save(baseline_file, report, failed_tests), rescue, "baseline save")
    if history_file is not None:
        yield _tried(history_file, lambda: _remember(history_file, report), rescue, "history --add")


def _tried(path: Path, attempt: Callable[[], Output], rescue: _Rescue, command: str) -> Output:
    try:
        return attempt()
    except ReportError as error:
        return Output(path=path, problem=f"{error}; {rescue.words(command)}")


def _save(path: Path, report: Report, failed_tests: frozenset[str]) -> Output:
    saved = baseline.save(path, report, failed_tests=failed_tests)
    loads = "1 load" if saved.loads == 1 else f"{saved.loads} loads"
    notes = [f"not in the baseline: {line}" for line in saved.left_out]
    if saved.set_aside is not None:
        notes.append(saved.set_aside)
    return Output(path=path, said=f"saved {loads if saved.loads else 'nothing'} in {path}", notes=tuple(notes))


def _remember(path: Path, report: Report) -> Output:
    history.write(path, report)
    return Output(path=path, said=f"wrote {path}")


class _Rescue:
    """The result as JSON, written at most once."""

    def __init__(self, report: Report, root: Path, written: Path | None) -> None:
        self._report = report
        self._root = root
        self._written = written

    def words(self, command: str) -> str:
        """Where the result is, and how to keep it from there."""
        try:
            path = self._written = self._written or self._write()
        except ReportError as error:
            return f"the result could not be saved elsewhere: {error}"
        return f"the result is in {path}: `perfplug {command} {path}` keeps it"

    def _write(self) -> Path:
        path = self._root / FOLDER / f"unsaved-{self._report.started_at:.3f}.json"
        files.write(path, JsonReport().render(self._report))
        return path
