"""Hostile text is made inert for terminals, XML and CI consoles."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfplug.report.escape import ascii_only, console, printable

ILLEGAL_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET /größe?q=日本", "GET /größe?q=日本"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\r\n::error::b", "a\\r\\n::error::b"),
        ("nul\0", "nul\\x00"),
        ("right\u202eleft", "right\\u202eleft"),
        ("lone\udc80", "lone\\udc80"),
        ("line\u2028line", "line\\u2028line"),
    ],
)
def test_control_characters_become_visible_and_other_text_stays(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_printable_text_is_one_line_of_legal_xml_characters(text: str) -> None:
    shown = printable(text)
    assert len(shown.splitlines()) <= 1
    assert not ILLEGAL_IN_XML.search(shown)


@given(st.text(st.characters(codec="utf-8")))
def test_ascii_is_ascii(text: str) -> None:
    assert ascii_only(text).isascii()


def test_our_own_signs_keep_their_width_in_ascii() -> None:
    signs = "12 µs · 3 × 4 – 5"
    assert ascii_only(signs) == "12 us - 3 x 4 - 5"


@pytest.mark.parametrize("text", ["::error::x", "a\n  ::set-output name=x::y", "##[error]x", "in a line ##[group]"])
def test_no_workflow_command_survives_in_console_text(text: str) -> None:
    for line in console(text).splitlines():
        assert not line.lstrip().startswith("::")
        assert "##[" not in line


def test_colons_inside_a_line_stay() -> None:
    assert console("tests/test_a.py::test_b http://[::1]/") == "tests/test_a.py::test_b http://[::1]/"
