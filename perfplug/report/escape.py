"""Text from servers, URLs and test names, made harmless for where it is shown.

Nothing here decides what may be shown (see :mod:`perfplug.report.redact`), only how.
"""

from __future__ import annotations

import re

_ASCII = str.maketrans({"µ": "u", "μ": "u", "·": "-", "–": "-", "—": "-", "×": "x", "…": "~", "∞": "inf"})
_LINE_OF_COMMAND = re.compile(r"^(?=[^\S\n]*::)", re.MULTILINE)


def printable(text: str) -> str:
    """One line in which every control character, direction override, odd space and lone surrogate is a visible escape.

    What is left is legal XML 1.0 and cannot move a terminal's cursor.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def ascii_only(text: str) -> str:
    """The same text in ASCII: our own signs by their nearest look, of the same width; others as escapes."""
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def console(text: str) -> str:
    """Text in which a GitHub Actions runner finds no workflow command.

    The runner takes a command from a line that begins with ``::`` (spaces before it do not count), and from
    ``##[`` anywhere in a line.
    """
    return _LINE_OF_COMMAND.sub(r"\\", text).replace("##[", "# #[")
