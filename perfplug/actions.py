"""The GitHub Actions job that this process runs in: what it is told by its environment, and where it listens.

See https://docs.github.com/actions/reference/variables-reference.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perfplug.errors import ReportError, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Files are None where the environment names none. ``workspace`` is the root of the checkout."""

    workspace: Path
    summary: Path | None = None
    output: Path | None = None
    event: Path | None = None

    def folder_of(self, root: Path) -> str:
        """`root` relative to the checkout, as annotations want it: "" for the checkout's own root, or one outside."""
        try:
            inner = root.resolve().relative_to(self.workspace.resolve()).as_posix()
        except ValueError:
            return ""
        return "" if inner == "." else inner

    def summary_size(self) -> int:
        """What this step has already written, in bytes."""
        try:
            return os.stat(self.summary).st_size if self.summary is not None else 0
        except OSError:
            return 0

    def add_summary(self, markdown: str) -> None:
        """ReportError when it cannot be written; nothing where there is no summary."""
        if self.summary is not None:
            _append(self.summary, markdown, what="the job summary")

    def set_output(self, name: str, value: str) -> None:
        """An output of this step; `value` is one line of our own. ReportError when it cannot be written."""
        if self.output is not None:
            _append(self.output, f"{name}={value}\n", what="the step's output")

    def payload(self) -> dict[str, Any]:
        """What happened, as GitHub tells it. UsageError when it does not."""
        if self.event is None:
            raise UsageError("GITHUB_EVENT_PATH is not set: this is no job of GitHub Actions")
        try:
            payload = json.loads(self.event.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(f"GITHUB_EVENT_PATH: {self.event}: {error}") from None
        if not isinstance(payload, dict):
            raise UsageError(f"GITHUB_EVENT_PATH: {self.event}: not an event")
        return payload


def is_job(environ: Mapping[str, str]) -> bool:
    """Whether this is a job of GitHub Actions."""
    return environ.get("GITHUB_ACTIONS") == "true"


def job(environ: Mapping[str, str]) -> Job:
    """The job as its environment tells it; outside of one, with the current folder as its workspace."""
    return Job(
        workspace=_path(environ, "GITHUB_WORKSPACE") or Path.cwd(),
        summary=_path(environ, "GITHUB_STEP_SUMMARY"),
        output=_path(environ, "GITHUB_OUTPUT"),
        event=_path(environ, "GITHUB_EVENT_PATH"),
    )


def _path(environ: Mapping[str, str], name: str) -> Path | None:
    return Path(value) if (value := environ.get(name)) else None


def _append(path: Path, text: str, *, what: str) -> None:
    """In one write, so that what other processes of the step append stays whole."""
    try:
        with open(path, "ab", buffering=0) as file:
            file.write(text.encode("utf-8", "replace"))
    except OSError as error:
        raise ReportError(f"{path}: {what} was not written: {error.strerror}") from error
