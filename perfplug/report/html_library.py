"""The charting library of the HTML report: uPlot, which the build put beside this file, under its own licence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from perfplug.errors import UsageError

_FOLDER = Path(__file__).resolve().parent / "uplot"


@dataclass(frozen=True, slots=True)
class Library:
    """``licence`` is the notice that must stand in every copy."""

    script: str
    style: str
    licence: str


def library(*, where: str = "an HTML report") -> Library:
    """UsageError, beginning with the place, when this installation was built without it."""
    try:
        texts = [(_FOLDER / name).read_text(encoding="utf-8") for name in ("uPlot.js", "uPlot.css", "LICENSE")]
    except OSError:
        raise UsageError(
            f"{where}: needs uPlot, and this installation was built without it (the npm registry was out of reach): "
            "install perfplug again, from a wheel or with the network; in a checkout, run .ci/charts"
        ) from None
    return Library(*texts)
