"""One thing that was looked at, and how it is graded."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass


class Grade(enum.Enum):
    """In rising order of alarm. POOR: figures from here are not to be trusted until that has been seen to."""

    GOOD = "GOOD"
    FAIR = "FAIR"
    POOR = "POOR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """``seen`` is what was found, in a few words; ``advice`` what to do, empty when it is GOOD."""

    name: str
    grade: Grade
    seen: str
    advice: str = ""


def grade_by(value: float, fair: float, poor: float) -> Grade:
    """The higher, the worse: FAIR from ``fair`` on, POOR from ``poor`` on."""
    if value >= poor:
        return Grade.POOR
    return Grade.FAIR if value >= fair else Grade.GOOD


def worst(checks: Sequence[Check]) -> Grade:
    """The most alarming of all."""
    rising = list(Grade)
    return max((check.grade for check in checks), key=rising.index, default=Grade.GOOD)
