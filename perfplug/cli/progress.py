"""How a run is going, on standard error: a live line on a terminal, else a plain line now and then."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Protocol, TextIO

from perfplug.engine import Progress
from perfplug.plan import Load
from perfplug.report.escape import ascii_only
from perfplug.units import format_count, format_duration, format_rate

INTERVAL = 0.2  # seconds between two looks at a run
_PLAIN_INTERVAL = 5.0  # seconds between two plain lines
_BAR_WIDTH = 16
_WIDE_ENOUGH = 100  # columns: a narrower terminal needs them for the figures


class Watcher(Protocol):
    """What is told of each look at a run."""

    def __call__(self, progress: Progress) -> None: ...


def watch(load: Load, stream: TextIO, *, quiet: bool) -> AbstractContextManager[Watcher]:
    """A context that shows the progress it is told, as `stream` can show it; nothing when `quiet`."""
    if quiet:
        return nullcontext(_nothing)
    if stream.isatty():
        return LiveLine(load, stream)
    return nullcontext(PlainLines(stream))


def _nothing(progress: Progress) -> None:
    """Shows nothing."""


class PlainLines:
    """A line every few seconds, for logs."""

    def __init__(self, stream: TextIO, *, every: float = _PLAIN_INTERVAL) -> None:
        self._stream = stream
        self._every = every
        self._next = time.monotonic() + every

    def __call__(self, progress: Progress) -> None:
        if time.monotonic() < self._next:
            return
        self._next += self._every
        self._stream.write(ascii_only(f"perfplug: {_plain(progress)}\n"))
        self._stream.flush()


class LiveLine:
    """One line, drawn over several times a second, gone at the end."""

    def __init__(self, load: Load, stream: TextIO) -> None:
        # rich costs some 50 ms to import: only those who see it pay.
        from rich.console import Console
        from rich.live import Live

        self._load = load
        self._live = Live(
            console=Console(file=stream, markup=False, emoji=False, highlight=False), auto_refresh=False, transient=True
        )

    def __enter__(self) -> LiveLine:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def __call__(self, progress: Progress) -> None:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        clock = Text(f" {_clock(self._load, progress)}", style="cyan")
        bar = ProgressBar(
            total=1.0,
            completed=_share(self._load, progress),
            pulse=progress.phase != "measuring",
            complete_style="cyan",
        )
        said = "" if progress.phase == "warmup" else _figures(progress, " · ")
        figures = Text(said, style="red" if progress.requests > progress.ok else "")
        with_bar = self._live.console.width >= _WIDE_ENOUGH
        # Cut here: a table that is too wide takes from every column.
        taken = len(clock) + 1 + (_BAR_WIDTH + 1 if with_bar else 0)
        figures.truncate(max(self._live.console.width - taken, 1), overflow="ellipsis")
        line = Table.grid(padding=(0, 1))
        cells = (clock, bar, figures) if with_bar else (clock, figures)
        for cell in cells:
            line.add_column(width=_BAR_WIDTH if cell is bar else None, no_wrap=True)
        line.add_row(*cells)
        self._live.update(line, refresh=True)


def _plain(progress: Progress) -> str:
    if progress.phase == "warmup":
        return "warming up"
    return f"{progress.phase} {progress.elapsed:.0f} s, {_figures(progress, ', ')}"


def _figures(progress: Progress, between: str) -> str:
    errors = progress.requests - progress.ok
    return between.join(
        (
            f"{format_count(progress.requests)} requests",
            format_rate(progress.throughput),
            f"{format_count(errors)} {'error' if errors == 1 else 'errors'}",
            f"p50 {format_duration(progress.p50)}",
            f"p99 {format_duration(progress.p99)}",
        )
    )


def _share(load: Load, progress: Progress) -> float:
    if load.duration is not None:
        return min(progress.elapsed / load.duration, 1.0) if load.duration > 0 else 1.0
    return min(progress.requests / (load.requests or 1), 1.0)


def _clock(load: Load, progress: Progress) -> str:
    if progress.phase == "warmup":  # of which no figures are kept, nor its time
        return f"warming up for {load.warmup:g} s"
    whole = "" if load.duration is None else f" / {load.duration:g}"
    return f"{progress.phase} {progress.elapsed:.1f}{whole} s"
