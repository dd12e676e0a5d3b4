"""How a comparison is going, on standard error: one line on a terminal, else a plain line now and then."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TextIO

from perfplug.ab import Progress
from perfplug.units import format_duration

_PLAIN_INTERVAL = 5.0  # seconds between two plain lines
_ERASE = "\r\x1b[2K"


class PairLine:
    """Told before each pair what comes next."""

    def __init__(self, stream: TextIO, *, quiet: bool) -> None:
        self._stream = stream
        self._quiet = quiet
        self._live = stream.isatty()
        self._begun = self._shown = time.monotonic()
        self._confirming = False

    def __enter__(self) -> PairLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live and not self._quiet:
            self._write(_ERASE)

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.confirming and not self._confirming:
            self._confirming, self._begun = True, now
        # The first plain line comes as soon as the time left can be told.
        due = self._live or progress.pair == 2 or now - self._shown >= _PLAIN_INTERVAL
        if self._quiet or not due:
            return
        self._shown = now
        text = _text(progress, now - self._begun)
        self._write(f"{_ERASE} {text}" if self._live else f"perfplug: {text}\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def _text(progress: Progress, elapsed: float) -> str:
    done = progress.pair - 1
    if not done:
        return progress.words
    return f"{progress.words}, about {format_duration(elapsed / done * (progress.pairs - done))} left"
