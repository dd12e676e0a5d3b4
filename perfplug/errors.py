"""perfplug's exceptions. Each carries one message for the user; none should reach them as a traceback of ours."""

from __future__ import annotations

from collections.abc import Sequence


class PerfplugError(Exception):
    """The root: catches everything perfplug raises on purpose."""


class UsageError(PerfplugError):
    """Something was said wrongly; names the place, the word, and what would be right. Exit code 2."""


class LimitExceeded(PerfplugError, AssertionError):
    """A limit does not hold: a failed test, exit code 1."""


class InvalidMeasurement(PerfplugError):
    """The client spoiled the measurement or could not make it. Exit code 3."""


class TargetUnreachable(PerfplugError):
    """No connection could be established. Exit code 4."""


class ReportError(PerfplugError):
    """A file could not be written or read, or does not hold what it should. Exit code 5."""


class ServiceError(PerfplugError):
    """A server that was started to be measured died, or never became healthy; ``log`` is the end of what it said. Exit
    code 6."""

    def __init__(self, message: str, log: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.log = tuple(log)


class RepositoryError(PerfplugError):
    """There is no git repository, or not that reference in it. Exit code 7."""
