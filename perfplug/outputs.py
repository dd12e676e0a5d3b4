"""A session's result files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from perfplug import engine
from perfplug.config import Settings
from perfplug.environment import fingerprint
from perfplug.errors import ReportError
from perfplug.report import Case, Report, Reporter, files
from perfplug.report.json_report import JsonReport
from perfplug.report.junit import JunitReport


@dataclass(frozen=True, slots=True)
class Output:
    """A file that was to be written. ``problem`` says in one line why it was not."""

    path: Path
    problem: str | None = None


def write(settings: Settings, cases: tuple[Case, ...], *, root: Path) -> tuple[Output, ...]:
    """Every file that was asked for, JSON first: from it all others can be made again."""
    forms: list[tuple[Path | None, Reporter]] = [(settings.json, JsonReport()), (settings.junit, JunitReport())]
    wanted = [(path, form) for path, form in forms if path is not None]
    if not wanted:
        return ()
    report = Report(environment=fingerprint(libcurl=engine.CURL_VERSION, folder=root), cases=cases)
    return tuple(_outputs(report, wanted))


def _outputs(report: Report, wanted: list[tuple[Path, Reporter]]) -> Iterator[Output]:
    for path, form in wanted:
        try:
            files.write(path, form.render(report))
        except ReportError as error:
            yield Output(path, str(error))
        else:
            yield Output(path)
