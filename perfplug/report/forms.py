"""The files that a report can be written to, and writing them: JSON first, for all others can be made of it again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from perfplug.errors import ReportError
from perfplug.report import Report, Reporter, files

NAMES = ("json", "junit", "markdown", "csv", "html")  # in the order in which they are written
Target = tuple[Path, Reporter]


def forms(paths: Mapping[str, str | os.PathLike[str] | None], *, strict: bool = False) -> tuple[Target, ...]:
    """What to write, by the names of the forms; None is not asked for. `strict` is of JUnit: undecided limits fail.

    UsageError for HTML when this installation lacks its charting library.
    """
    wanted = [(name, Path(path)) for name in NAMES if (path := paths.get(name)) is not None]
    return tuple(target for name, path in wanted for target in _targets(name, path, strict))


def write(report: Report, targets: tuple[Target, ...]) -> Iterator[tuple[Path, str | None]]:
    """Writes each file. Yields its path, and in one line why it could not be written."""
    for path, form in targets:
        try:
            files.write(path, form.render(report))
        except ReportError as error:
            yield path, str(error)
        else:
            yield path, None


def timeline_path(path: Path) -> Path:
    """Where the timeline goes that belongs to the CSV at `path`: "x.csv" and "x.timeline.csv"."""
    return path.with_name(f"{path.stem}.timeline{path.suffix}")


def _targets(name: str, path: Path, strict: bool) -> Iterator[Target]:
    # Each is loaded when asked for: a session that writes JSON need not know of charts.
    if name == "json":
        from perfplug.report.json_report import JsonReport

        yield path, JsonReport()
    elif name == "junit":
        from perfplug.report.junit import JunitReport

        yield path, JunitReport(strict=strict)
    elif name == "markdown":
        from perfplug.report.markdown import MarkdownReport

        yield path, MarkdownReport()
    elif name == "csv":
        from perfplug.report.csv_report import CsvReport, TimelineCsvReport

        yield path, CsvReport()
        if path.is_file() or not path.exists():  # beside a pipe or device there is no place for it
            yield timeline_path(path), TimelineCsvReport()
    else:
        from perfplug.report.html_report import HtmlReport

        yield path, HtmlReport()
