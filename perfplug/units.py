"""Quantities as people write them: "200ms", "1k/s", "0.1%", "500MB"; and figures as people read them.

Inside perfplug everything is SI: seconds, requests a second, shares of 1, bytes. Every parser raises
:class:`~perfplug.errors.UsageError` with the word and what would be right; callers add the place.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable

from perfplug.errors import UsageError

_SECONDS = {
    "ns": 1e-9,
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "sec": 1.0,
    "m": 60.0,
    "min": 60.0,
    "h": 3600.0,
}
_PER = {"s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_THOUSANDS = {"": 1.0, "k": 1e3, "M": 1e6}
_BYTES = {
    "": 1,
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_QUANTITY = re.compile(rf"({_NUMBER})\s*(.*)")
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*([^\d\s.]+)\s*")
_RATE = re.compile(rf"({_NUMBER})\s*([kM]?)\s*(?:req(?:uests)?)?\s*/\s*(\w+)")


def parse_duration(value: object, *, allow_number: bool = False) -> float:
    """Seconds from "200ms", "1.5s", "250us", "2m", "1h" or "1m30s". Plain numbers are seconds, where allowed."""
    if allow_number and _is_number(value):
        return _not_negative(_finite(value), value)
    text = _text(value, "a time", "'100ms' or '2s'").replace("µ", "u").replace("μ", "u")
    number, unit = _split(text, value, "a time", "'100ms' or '2s'")
    if not unit:
        raise UsageError(f"{_quote(value)} has no unit: write '{text}ms' or '{text}s'")
    if unit in _SECONDS:
        return _not_negative(number * _SECONDS[unit], value)
    return _not_negative(_sum_of_parts(text, value), value)


def parse_rate(value: object, *, allow_number: bool = False) -> float:
    """Events a second from "500/s", "1k/s", "30/min" or "500 req/s". Plain numbers are per second, where allowed."""
    if allow_number and _is_number(value):
        return _not_negative(_finite(value), value)
    text = _text(value, "a rate", "'500/s'")
    match = _RATE.fullmatch(text)
    if match and match[3] in _PER:
        return _not_negative(_finite(float(match[1])) * _THOUSANDS[match[2]] / _PER[match[3]], value)
    if re.fullmatch(rf"{_NUMBER}\s*[kM]?", text):
        raise UsageError(f"{_quote(value)} has no unit: write '{text}/s'")
    raise UsageError(f"{_quote(value)} is not a rate: write it like '500/s', '1k/s' or '30/min'")


def parse_share(value: object) -> float:
    """A share, 0 to 1, from "0.1%" or from a number that already lies between 0 and 1."""
    if _is_number(value):
        share = _finite(value)
        if not 0.0 <= share <= 1.0:
            raise UsageError(f"{value!r} is not a share between 0 and 1: write '{share:g}%' for per cent")
        return share
    text = _text(value, "a share", "'0.1%'")
    number, unit = _split(text, value, "a share", "'0.1%'")
    if not unit:
        raise UsageError(f"{_quote(value)} has no unit: write '{text}%'")
    if unit != "%":
        raise UsageError(f"{_quote(value)} is not a share: write it like '0.1%'")
    if not 0.0 <= number <= 100.0:
        raise UsageError(f"{_quote(value)} is not between 0% and 100%")
    return number / 100.0


def parse_size(value: object) -> int:
    """Bytes from "500MB" (powers of ten), "10MiB" (powers of two), "4096" or a whole number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return int(_not_negative(value, value))
    text = _text(value, "a size", "'500kB' or '10MiB'")
    number, unit = _split(text, value, "a size", "'500kB' or '10MiB'")
    for known, factor in _BYTES.items():
        if unit.lower() in (known.lower(), known.lower().removesuffix("b") or "b"):
            return round(_not_negative(number * factor, value))
    raise UsageError(f"{_quote(value)}: {unit!r} is not a unit of size: write B, kB, MB, GB, KiB, MiB or GiB")


def format_duration(seconds: float) -> str:
    """Three digits and the fitting unit: "850 µs", "12.3 ms", "1.20 s"."""
    if math.isinf(seconds):
        return "∞"
    for unit, factor in (("µs", 1e6), ("ms", 1e3)):
        shown = seconds * factor
        if abs(float(f"{shown:.3g}")) < 1000.0:
            return f"{_three_digits(shown)} {unit}"
    return f"{_three_digits(seconds)} s"


def format_rate(per_second: float) -> str:
    """ "226,000/s", "512/s", "3.25/s"."""
    return f"{_three_digits(per_second)}/s"


def format_share(share: float) -> str:
    """Per cent with the digits that matter: "0.1%", "12.5%", "0.0123%"."""
    percent = share * 100.0
    digits = 2 if abs(percent) >= 1.0 or percent == 0.0 else min(6, 1 - math.floor(math.log10(abs(percent))) + 1)
    text = f"{percent:.{digits}f}"
    return (text.rstrip("0").rstrip(".") or "0") + "%"


def format_size(size: float) -> str:
    """Bytes in powers of ten: "48 B", "1.20 kB", "500 MB"."""
    for unit in ("B", "kB", "MB"):
        if abs(float(f"{size:.3g}")) < 1000.0:
            return f"{size:.0f} B" if unit == "B" else f"{_three_digits(size)} {unit}"
        size /= 1000.0
    return f"{_three_digits(size)} GB"


def format_count(count: int) -> str:
    """ "12,345"."""
    return f"{count:,}"


def nearest(word: str, known: Iterable[str], *, lead: str = ": write ") -> str:
    """ ": write 'p95'" when a known word is near, else all of them; to end a message with."""
    words = [name for name in known if name]
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    return lead + (f"'{close[0]}'" if close else ", ".join(words))


def _sum_of_parts(text: str, value: object) -> float:
    """ "1m30s"; names the unit that is not one."""
    total, position = 0.0, 0
    while position < len(text):
        match = _PART.match(text, position)
        if not match:
            raise UsageError(f"{_quote(value)} is not a time: write it like '100ms' or '2s'")
        if match[2] not in _SECONDS:
            raise UsageError(f"{_quote(value)}: {match[2]!r} is not a unit of time: write us, ms, s, m or h")
        total += float(match[1]) * _SECONDS[match[2]]
        position = match.end()
    return total


def _split(text: str, value: object, kind: str, example: str) -> tuple[float, str]:
    match = _QUANTITY.fullmatch(text)
    if not match:
        raise UsageError(f"{_quote(value)} is not {kind}: write it like {example}")
    return _finite(float(match[1])), match[2].strip()


def _text(value: object, kind: str, example: str) -> str:
    if isinstance(value, str) and value.strip():
        return value.strip()
    if _is_number(value):
        raise UsageError(f"{value!r} has no unit: write {kind} like {example}")
    raise UsageError(f"{_quote(value)} is not {kind}: write it like {example}")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _finite(value: object) -> float:
    number = float(value)  # type: ignore[arg-type]  # callers have made sure of a number
    if not math.isfinite(number):
        raise UsageError(f"{value!r} is not a finite number")
    return number


def _not_negative(number: float, value: object) -> float:
    if number < 0:
        raise UsageError(f"{_quote(value)} is negative")
    return number


def _quote(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else repr(value)


def _three_digits(number: float) -> str:
    rounded = float(f"{number:.3g}")
    whole = len(f"{abs(rounded):.0f}") if abs(rounded) >= 1.0 else 1
    return f"{number:,.0f}" if whole >= 3 else f"{rounded:.{3 - whole}f}"
