"""The measuring side as the bottleneck."""

from __future__ import annotations

from collections.abc import Iterator

from perfplug.findings.finding import Finding
from perfplug.report import Case


def bottleneck(case: Case) -> Iterator[Finding]:
    """``client-bottleneck``: the client may have spoiled the figures (the causes are those of the validity check)."""
    client = case.result.client
    if client.valid:
        return
    yield Finding(
        rule="client-bottleneck",
        test=case.test,
        load=case.result.name,
        title="The client was a bottleneck: these figures are not the server's alone",
        evidence="; ".join(client.causes) or "the client was found to have spoiled the run",
        advice="Run the load from a machine with free cores, with more workers, or with less load; then measure again.",
    )
