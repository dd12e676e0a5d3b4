"""One line that shows how a long load is going, in a terminal that others write to as well.

The line stands below whatever the terminal shows, and is gone without a trace when the load is over.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from perfplug.engine import Progress
from perfplug.units import format_count, format_duration, format_rate

_QUIET_SECONDS = 1.0  # a load that is over sooner shows nothing
_ERASE = "\r\x1b[2K"
_UP = "\x1b[A"


class ProgressLine:
    """``name`` is the load's, harmless to a terminal. ``uncaptured`` is a context in which ``sys.stdout`` is the
    terminal; ``column`` is where its cursor stands."""

    def __init__(
        self, name: str, uncaptured: Callable[[], AbstractContextManager[None]], *, column: int, width: int
    ) -> None:
        self._name = name
        self._uncaptured = uncaptured
        self._column = column
        self._width = width
        self._begun = time.monotonic()
        self._shown = False

    def show(self, progress: Progress) -> None:
        self.say(_text(progress))

    def say(self, text: str) -> None:
        """What goes on, on the line."""
        if time.monotonic() - self._begun < _QUIET_SECONDS:
            return
        self._write(("" if self._shown else "\n") + _ERASE + f"  {self._name}: {text}"[: self._width - 1])
        self._shown = True

    def clear(self) -> None:
        if self._shown:
            self._write(_ERASE + _UP + (f"\x1b[{self._column}C" if self._column else ""))
            self._shown = False

    def _write(self, text: str) -> None:
        with self._uncaptured():
            sys.stdout.write(text)
            sys.stdout.flush()


def _text(progress: Progress) -> str:
    return (
        f"{progress.phase} {progress.elapsed:.0f} s, {format_count(progress.requests)} requests, "
        f"{format_rate(progress.throughput)}, p50 {format_duration(progress.p50)}, "
        f"p99 {format_duration(progress.p99)}, {format_count(progress.requests - progress.ok)} errors"
    )
