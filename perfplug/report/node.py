"""A JSON value being read: every look into it checks what it finds and can say where it is."""

from __future__ import annotations

import math
from collections.abc import Iterator

from perfplug.errors import ReportError
from perfplug.histogram import Histogram, from_text


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
        if isinstance(self._value, bool) or not isinstance(self._value, (int, float)):
            raise self.wrong("a number")
        try:
            number = float(self._value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number) or number < 0.0:
            raise self.wrong("a finite number from 0")
        return number

    def histogram(self) -> Histogram:
        try:
            return from_text(self.text())
        except ValueError as error:
            raise ReportError(f"{self.place}: {error}") from error
