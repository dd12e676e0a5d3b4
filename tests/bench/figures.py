"""What a benchmark says: figures beside their bounds, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One measured figure. ``bound`` is what was promised ("at most 1.0"), empty for a figure given for comparison."""

    group: str
    name: str
    value: float
    unit: str
    most: float | None = None
    least: float | None = None
    note: str = ""

    @property
    def bound(self) -> str:
        if self.most is not None:
            return f"at most {self.most:g}"
        return f"at least {self.least:g}" if self.least is not None else ""

    @property
    def holds(self) -> bool | None:
        """None where nothing was promised."""
        if self.most is not None:
            return self.value <= self.most
        return self.value >= self.least if self.least is not None else None


def shown(figure: Figure) -> str:
    text = f"{figure.value:,.3g}" if abs(figure.value) < 1000 else f"{figure.value:,.0f}"
    return f"{text} {figure.unit}".strip()


def markdown(figures: Sequence[Figure]) -> str:
    """A table a group, in the order the figures came."""
    lines: list[str] = []
    group = ""
    for figure in figures:
        if figure.group != group:
            group = figure.group
            lines += [
                "",
                f"## {group}",
                "",
                "| figure | measured | promised | holds | note |",
                "|---|---:|---|---|---|",
            ]
        holds = {True: "yes", False: "**no**", None: ""}[figure.holds]
        lines.append(f"| {figure.name} | {shown(figure)} | {figure.bound} | {holds} | {figure.note} |")
    return "\n".join(lines) + "\n"


def as_json(figures: Sequence[Figure]) -> list[dict[str, object]]:
    return [{**asdict(figure), "bound": figure.bound, "holds": figure.holds} for figure in figures]


def from_json(rows: Sequence[Mapping[str, Any]]) -> list[Figure]:
    """The inverse of :func:`as_json`."""
    return [Figure(**{key: value for key, value in row.items() if key not in ("bound", "holds")}) for row in rows]
