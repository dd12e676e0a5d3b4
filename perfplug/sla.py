"""Limits and verdicts (contract; see below for what each function owes)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Literal


class Verdict(enum.Enum):
    """In rising order of alarm."""

    PASS = "PASS"
    WARN = "WARN"
    INCONCLUSIVE = "INCONCLUSIVE"
    INVALID = "INVALID"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """``metric`` op ``value``. Value in SI: seconds, requests/s, share 0..1. ``text`` is as the user wrote it."""

    metric: str  # "p95", "p99_9", "mean", "max", "throughput", "error_rate"
    op: Literal["<", "<=", ">", ">="]
    value: float
    text: str

    @property
    def quantile(self) -> float | None:
        """0..1 for pNN metrics, else None."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A limit against a result. ``low`` and ``high`` bound the true value at 95 % (None where there is no interval)."""

    limit: Limit
    observed: float
    low: float | None
    high: float | None
    requests: int
    verdict: Verdict
    needed: int | None = None  # INCONCLUSIVE: about how many requests would decide
    cause: str = ""  # WARN, INCONCLUSIVE, INVALID: why, in one phrase
