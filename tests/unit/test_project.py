"""The tables of pyproject.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfplug.errors import UsageError
from perfplug.project import texts

KNOWN = ("command", "health")


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(text)
    return folder


def test_the_nearest_file_above_is_read(tmp_path: Path) -> None:
    write(tmp_path, '[tool.perfplug.ab]\ncommand = "serve {port}"\nhealth = "/up"\n')
    (tmp_path / "src" / "deep").mkdir(parents=True)
    assert texts("ab", tmp_path / "src" / "deep", known=KNOWN) == {"command": "serve {port}", "health": "/up"}


def test_a_file_or_table_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert texts("ab", write(tmp_path / "a", '[project]\nname = "x"\n'), known=KNOWN) == {}
    assert texts("ab", write(tmp_path / "b", ""), known=KNOWN) == {}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[tool.perfplug.ab\n", "not TOML"),
        ("[tool.perfplug.ab]\ncomand = 'x'\n", "'comand' is not known: .*command"),
        ("[tool.perfplug.ab]\ncommand = 7\n", "command: 7 is not a text"),
        ("[tool.perfplug]\nab = 7\n", "not a table"),
        ("tool = 7\n", "'perfplug' does not stand in a table"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint) as raised:
        texts("ab", write(tmp_path, text), known=KNOWN)
    assert str(tmp_path / "pyproject.toml") in str(raised.value)


def test_a_file_that_is_not_text_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="not TOML"):
        texts("ab", tmp_path, known=KNOWN)
