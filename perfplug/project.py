"""What a project says of itself for perfplug: the tables [tool.perfplug.NAME] of its pyproject.toml."""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path

from perfplug.errors import UsageError
from perfplug.units import nearest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_FILE = "pyproject.toml"


def texts(table: str, folder: Path, *, known: Collection[str]) -> dict[str, str]:
    """The texts in [tool.perfplug.`table`] of the nearest pyproject.toml, in `folder` or above it; empty when there is
    none. UsageError, naming the place, for what is not TOML, no text, or not one of `known`."""
    path = next((at / _FILE for at in (folder, *folder.resolve().parents) if (at / _FILE).is_file()), None)
    if path is None:
        return {}
    try:
        value: object = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: not read: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"{path}: not TOML: {error}") from None
    place = f"{path}: [tool.perfplug.{table}]"
    for key in ("tool", "perfplug", table):
        if not isinstance(value, dict):
            raise UsageError(f"{place}: {key!r} does not stand in a table")
        value = value.get(key, {})
    if not isinstance(value, dict):
        raise UsageError(f"{place}: not a table")
    for key, text in value.items():
        if key not in known:
            raise UsageError(f"{place}: {key!r} is not known{nearest(key, known)}")
        if not isinstance(text, str):
            raise UsageError(f"{place}: {key}: {text!r} is not a text")
    return value
