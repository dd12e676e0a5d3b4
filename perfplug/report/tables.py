"""Tables for commands: in colour on a terminal, in plain ASCII columns anywhere else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from perfplug.report.escape import ascii_only, console, printable

Row = Sequence[str]


def aligned(rows: Sequence[Row], *, right: Sequence[int] = ()) -> list[str]:
    """Each row as a line, its cells under each other; the columns numbered in `right` end under each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def show(
    head: Row, rows: Sequence[Row], stream: TextIO, *, right: Sequence[int] = (), styles: Sequence[str] = ()
) -> None:
    """Prints a table whose texts may be anybody's. ``styles`` are rich's, one for each row."""
    harmless = [[printable(cell) for cell in row] for row in rows]
    if not is_rich(stream):
        for line in aligned([list(head), *harmless], right=right):
            say(line, stream)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column, name in enumerate(head):
        table.add_column(Text(name, style="dim"), justify="right" if column in right else "left")
    for index, row in enumerate(harmless):
        table.add_row(*(Text(cell, style=styles[index] if styles else "") for cell in row))
    Console(file=stream, markup=False, emoji=False, highlight=False).print(table)


def say(line: str, stream: TextIO) -> None:
    """Prints a line that may hold anybody's text, whatever the stream can show."""
    stream.write((printable(line) if is_rich(stream) else console(ascii_only(printable(line)))) + "\n")


def is_rich(stream: TextIO) -> bool:
    """Whether a stream is a terminal that shows Unicode."""
    return stream.isatty() and (stream.encoding or "").lower().replace("-", "") == "utf8"
