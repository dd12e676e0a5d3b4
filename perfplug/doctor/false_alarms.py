"""How often the comparison of a service with itself is called a regression, on this machine."""

from __future__ import annotations

from collections.abc import Callable

from perfplug import ab, stats
from perfplug.doctor.check import Check, Grade
from perfplug.doctor.truth import known_server
from perfplug.errors import InvalidMeasurement
from perfplug.plan import Load, Plan, Request
from perfplug.sla import Verdict
from perfplug.stats import binomial
from perfplug.units import format_share

_ALLOWED = 0.01  # of the comparisons
_MEDIAN = 0.001  # seconds: a quick service, so that a comparison takes some ten seconds
_USERS = 8


def measure(times: int, tell: Callable[[str], None], *, pairs: int = ab.PAIRS, block: int | None = None) -> Check:
    """``times`` (1 or more) comparisons of the built-in server with itself, planned as `perfplug ab` plans them."""
    alarms = 0
    with known_server(median=_MEDIAN) as server:
        plan = Plan(request=Request(url=server.url), load=Load(users=_USERS, requests=1))
        for number in range(1, times + 1):
            tell(f"comparison {number} of {times}, {alarms} false alarms")
            outcome = ab.run(plan, plan, ab.Design(pairs=pairs, block=block, seed=number))
            if outcome.head.interrupted:
                raise KeyboardInterrupt
            if outcome.head.unreachable is not None:
                raise InvalidMeasurement(outcome.head.unreachable)
            alarms += any(one.verdict is Verdict.FAIL for one in outcome.comparison)
            server.truth()  # which would grow without end
    return check(alarms, times)


def check(alarms: int, times: int) -> Check:
    """POOR when so many would be no chance if one in a hundred were right; FAIR when there was one at all."""
    most = binomial.upper_bound(alarms, times, stats.ALPHA)
    poor = binomial.lower_bound(alarms, times, stats.ALPHA) > _ALLOWED
    grade = Grade.POOR if poor else Grade.FAIR if alarms else Grade.GOOD
    return Check(
        name="false alarms",
        grade=grade,
        seen=f"{alarms} of {times} comparisons of a service with itself; at most {format_share(most)} at 95 %",
        advice="" if grade is Grade.GOOD else "more pairs (`perfplug ab --pairs`), or a quieter machine",
    )
