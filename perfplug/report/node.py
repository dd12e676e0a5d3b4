"""A JSON value being read: every look into it checks what it finds and can say where it is."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from perfplug.errors import ReportError
from perfplug.histogram import Histogram, from_text


def read_text(path: str | os.PathLike[str], *, what: str) -> str:
    """The text of the file that is to be `what` ("a result"). ReportError when it cannot be read."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ReportError(f"{os.fspath(path)}: not read: {error.strerror}") from error
    except ValueError as error:
        raise ReportError(f"{os.fspath(path)}: not {what}: not UTF-8 text") from error


def read_document(text: str, *, where: str, schemas: tuple[str, ...], what: str) -> Node:
    """The root of a document of one of these schemas. ReportError, beginning with `where`, for anything else."""
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ReportError(f"{where}: not {what}: damaged JSON: {error}") from error
    if not isinstance(value, dict) or "schema" not in value:
        raise ReportError(f"{where}: not {what}: no 'schema' in it")
    if value["schema"] not in schemas:
        found, known = str(value["schema"])[:60], " and ".join(map(repr, schemas))
        raise ReportError(f"{where}: not {what} but of schema {found!r}; this perfplug reads {known}")
    return Node(value, where)


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


class Node:
    """A value and its place. Every method raises ReportError naming the place when the value is not what is asked."""

    def __init__(self, value: object, place: str) -> None:
        self._value = value
        self.place = place

    def wrong(self, expected: str) -> ReportError:
        found = "nothing" if self._value is None else f"{type(self._value).__name__} {str(self._value)[:40]!r}"
        return ReportError(f"{self.place}: {expected} expected, {found} found")

    def __getitem__(self, key: str) -> Node:
        if not isinstance(self._value, dict):
            raise self.wrong("an object")
        if key not in self._value:
            raise ReportError(f"{self.place}: {key!r} is missing")
        return Node(self._value[key], f"{self.place}.{key}")

    def maybe(self, key: str) -> Node:
        """What stands under `key`, or nothing: for fields that earlier files do not have."""
        present = isinstance(self._value, dict) and key in self._value
        return self[key] if present else Node(None, f"{self.place}.{key}")

    def __bool__(self) -> bool:
        """Whether there is a value at all."""
        return self._value is not None

    def items(self) -> Iterator[tuple[str, Node]]:
        if not isinstance(self._value, dict):
            raise self.wrong("an object")
        return ((key, Node(value, f"{self.place}.{key}")) for key, value in self._value.items())

    def each(self) -> Iterator[Node]:
        if not isinstance(self._value, list):
            raise self.wrong("a list")
        return (Node(value, f"{self.place}[{at}]") for at, value in enumerate(self._value))

    def text(self) -> str:
        if not isinstance(self._value, str):
            raise self.wrong("a text")
        return self._value

    def one_of(self, *known: str) -> str:
        if self._value not in known:
            raise self.wrong(" or ".join(map(repr, known)))
        return self.text()

    def flag(self) -> bool:
        if not isinstance(self._value, bool):
            raise self.wrong("true or false")
        return self._value

    def count(self) -> int:
        if not isinstance(self._value, int) or isinstance(self._value, bool) or self._value < 0:
            raise self.wrong("a whole number from 0")
        return self._value

    def number(self) -> float:
        """A finite number that is not negative."""
        number = self.signed("a finite number from 0")
        if number < 0.0:
            raise self.wrong("a finite number from 0")
        return number

    def signed(self, expected: str = "a finite number") -> float:
        if isinstance(self._value, bool) or not isinstance(self._value, (int, float)):
            raise self.wrong("a number")
        try:
            number = float(self._value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise self.wrong(expected)
        return number

    def plain(self) -> str | bool | float | None:
        """A text, a flag, a number, or nothing."""
        if self._value is None:
            return None
        for read in (self.text, self.flag, self.number):
            try:
                return read()
            except ReportError:
                continue
        raise self.wrong("a text or a number")

    def raw(self) -> object:
        """The value as it stands, unchecked."""
        return self._value

    def histogram(self) -> Histogram:
        try:
            return from_text(self.text())
        except ValueError as error:
            raise ReportError(f"{self.place}: {error}") from error
