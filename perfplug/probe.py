"""Is a target healthy? One request, made and timed as any other, so that it sees what the load would see."""

from __future__ import annotations

from perfplug import engine
from perfplug.plan import Plan
from perfplug.report.escape import printable
from perfplug.report.redact import redact_url


def trouble(plan: Plan) -> str | None:
    """What is wrong with the target of a plan of one request, in one line; None when nothing is."""
    result = engine.run(plan, name=plan.request.name, stop_when_unreachable=True)
    if result.interrupted:
        raise KeyboardInterrupt
    if result.ok:
        return None
    if result.unreachable is not None:
        return printable(result.unreachable)
    status = next(iter(result.statuses), None)
    error = next((name for name, count in result.errors.items() if count), "no answer")
    reason = f"status {status}" if error == "status" and status is not None else error
    return printable(f"{plan.request.method} {redact_url(plan.request.url)}: {reason}")
