"""What a rule says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """``title`` is the conclusion, ``evidence`` the figures it rests on, ``advice`` what to do: a sentence each.

    ``rule`` is its name in docs/findings.md. ``test`` and ``load`` say where it was seen (of a row of load levels: at
    the first).
    """

    rule: str
    test: str
    load: str
    title: str
    evidence: str
    advice: str
