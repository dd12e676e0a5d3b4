"""What all kinds of limits share: when one that holds is near its end, and figures of advice."""

from __future__ import annotations

import math
from dataclasses import replace

from perfplug.limits import Judged, Verdict
from perfplug.result import Result

_NEAR = 0.10  # of the limit
_OFFERED = 0.99  # of an open load's rate: there is no more to get, so that is not "near"


def held(result: Result, judged: Judged) -> Judged:
    """The limit holds: PASS, or WARN when the observed value lies within a tenth of it."""
    limit, observed = judged.limit, judged.observed
    if limit.lower_is_better:
        near = observed > limit.value * (1.0 - _NEAR)
    else:
        rate = result.plan.load.rate
        near = observed < limit.value * (1.0 + _NEAR) and (rate is None or observed < rate * _OFFERED)
    if not near:
        return replace(judged, verdict=Verdict.PASS)
    return replace(judged, verdict=Verdict.WARN, cause="within 10% of the limit")


def round_up(count: float) -> int:
    """To two digits: advice, not a measurement."""
    if count <= 10.0:
        return math.ceil(count)
    unit: int = 10 ** (len(str(math.ceil(count))) - 2)
    return math.ceil(count / unit) * unit
