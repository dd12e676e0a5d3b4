"""Findings: rules that turn figures into sentences, each with its evidence. Pure; described in docs/findings.md.

A rule looks at one load (or at the levels of one) and says something or nothing. It says nothing when there is too
little to go by: a finding is read as a fact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from perfplug.findings.client import bottleneck
from perfplug.findings.connecting import connecting, tls
from perfplug.findings.finding import Finding
from perfplug.findings.levels import Levels, errors_begin, levels_of, saturation
from perfplug.findings.promises import loose, tight
from perfplug.findings.shape import body, tail
from perfplug.findings.stalls import stalls
from perfplug.report import Case

__all__ = ["Finding", "Levels", "find", "levels_of"]

_OF_A_LOAD: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    bottleneck,
    connecting,
    tls,
    stalls,
    tail,
    body,
    loose,
    tight,
)
_OF_LEVELS: tuple[Callable[[Levels], Iterator[Finding]], ...] = (saturation, errors_begin)


def find(cases: Sequence[Case]) -> tuple[Finding, ...]:
    """All that the rules have to say: first of rows of levels, then load by load."""
    measured = [case for case in cases if case.result.unreachable is None and case.result.requests]
    of_levels = [finding for levels in levels_of(measured) for rule in _OF_LEVELS for finding in rule(levels)]
    return (*of_levels, *(finding for case in measured for rule in _OF_A_LOAD for finding in rule(case)))
