"""A report told to a GitHub Actions job: annotations for its log, and its summary."""

from __future__ import annotations

from pathlib import Path

from perfplug.actions import Job
from perfplug.report import Report
from perfplug.report.github import AnnotationReport
from perfplug.report.github_summary import SUMMARY_BYTES, SummaryReport


def log_lines(report: Report, job: Job, *, root: Path, strict: bool) -> str:
    """Lines for standard output. `root` is the folder that the tests' files are relative to."""
    return AnnotationReport(strict=strict, folder=job.folder_of(root)).render(report)


def summarise(report: Report, job: Job, *, strict: bool, title: str = "") -> None:
    """Adds to the job's summary as much as there is room for. ReportError when it cannot be written."""
    room = SUMMARY_BYTES - job.summary_size()
    job.add_summary(SummaryReport(strict=strict, limit=room, title=title).render(report))
