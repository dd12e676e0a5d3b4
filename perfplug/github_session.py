"""What a pytest session tells a GitHub Actions job by itself: annotations and the job summary.

On wherever GITHUB_ACTIONS is "true" and a load was measured, since that is where people look; off with
--perf-github=off, as our own action says, which tells the job in a step of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from perfplug import engine
from perfplug.actions import is_job, job
from perfplug.config import Settings
from perfplug.environment import fingerprint
from perfplug.errors import ReportError
from perfplug.keeping import Output
from perfplug.report import Case, Report
from perfplug.report.github_job import log_lines, summarise


@dataclass(frozen=True, slots=True)
class Told:
    """``annotations`` are lines for standard output; ``summary`` says what became of the job summary."""

    annotations: str = ""
    summary: tuple[Output, ...] = ()


def tell(settings: Settings, cases: tuple[Case, ...], *, root: Path, environ: Mapping[str, str]) -> Told:
    """Nothing where there is nobody to tell. A summary that cannot be written is a problem of its output."""
    if settings.github == "off" or not is_job(environ) or not cases:
        return Told()
    here = job(environ)
    report = Report(environment=fingerprint(libcurl=engine.CURL_VERSION, folder=root), cases=cases)
    lines = log_lines(report, here, root=root, strict=settings.strict)
    if here.summary is None:
        return Told(lines)
    try:
        summarise(report, here, strict=settings.strict)
    except ReportError as error:
        return Told(lines, (Output(path=here.summary, problem=str(error)),))
    return Told(lines, (Output(path=here.summary, said="wrote the job summary"),))
