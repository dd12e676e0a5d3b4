"""The pieces of GitHub's Markdown that several reports are put together from.

Text from URLs, servers and test names stands in ``<code>`` with its punctuation as character references, so that it is
no markup, no link, no mention and no cell border, whichever Markdown reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from perfplug.report import Case
from perfplug.report.escape import printable
from perfplug.report.redact import Redactor
from perfplug.sla import Verdict

SIGNS = {
    Verdict.PASS: "✅",
    Verdict.WARN: "⚠️",
    Verdict.INCONCLUSIVE: "❔",
    Verdict.INVALID: "🚫",
    Verdict.FAIL: "❌",
}
Code = Callable[[str], str]

_HARMLESS = frozenset(" -/")


def coder(redact: Redactor) -> Code:
    """Makes any text inert: ``code(text)``."""

    def code(text: str) -> str:
        shown = printable(redact(text)) or " "
        return "<code>" + "".join(c if c.isalnum() or c in _HARMLESS else f"&#{ord(c)};" for c in shown) + "</code>"

    return code


def signed(verdict: Verdict) -> str:
    """ "✅ PASS"."""
    return f"{SIGNS[verdict]} {verdict.value}"


def load_of(case: Case, code: Code) -> str:
    """The test and, if it has one of its own, the name of the load."""
    return code(case.test) if case.result.name in ("", case.test) else f"{code(case.test)} {code(case.result.name)}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines; none for a table without rows. The cells are Markdown already."""
    lines = [row(cells) for cells in rows]
    return [row(head), row(["---"] * len(head)), *lines] if lines else []


def row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
