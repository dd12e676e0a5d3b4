"""Several runs of one plan as one result: counts and histograms added up, slices one after the other."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from perfplug.plan import Plan
from perfplug.result import PHASES, Client, Result, Slice
from perfplug.stats.pairs import together
from perfplug.validity import judge_client, names_the_machine

_Key = TypeVar("_Key", int, str)


def merged(results: Sequence[Result]) -> Result:
    """At least one result, in the order of their measurement. The client is judged again, on all of it; what held up
    the whole machine in one of them stands."""
    first = results[0]
    latency = together([result.latency for result in results])
    service = together([result.service for result in results])
    requests = sum(result.requests for result in results)
    errors = _counted(result.errors for result in results)
    whole = dataclasses.replace(
        first,
        plan=_plan(first.plan, requests),
        duration=math.fsum(result.duration for result in results),
        finished=math.fsum(result.finished for result in results),
        sent=sum(result.sent for result in results),
        cancelled=sum(result.cancelled for result in results),
        requests=requests,
        ok=sum(result.ok for result in results),
        errors=errors,
        statuses=_counted(result.statuses for result in results),
        bytes=sum(result.bytes for result in results),
        connections=sum(result.connections for result in results),
        reused=sum(result.reused for result in results),
        resent=sum(result.resent for result in results),
        over=tuple(sum(counts) for counts in zip(*(result.over for result in results), strict=True)),
        latency=latency,
        latency_errors=together([result.latency_errors for result in results]),
        service=service,
        phases={phase: together([result.phases[phase] for result in results]) for phase in PHASES},
        slices=tuple(_slices(results)),
        interrupted=any(result.interrupted for result in results),
        # What ended one of them says nothing about all.
        early_stop=first.early_stop if len(results) == 1 else None,
    )
    return dataclasses.replace(whole, client=_client(whole, results))


def _plan(plan: Plan, requests: int) -> Plan:
    return dataclasses.replace(plan, load=dataclasses.replace(plan.load, duration=None, requests=max(requests, 1)))


def _counted(counts: Iterable[Mapping[_Key, int]]) -> dict[_Key, int]:
    total: Counter[_Key] = Counter()
    for one in counts:
        total.update(one)
    return dict(total)


def condensed(result: Result) -> Result:
    """The same with all of it as one slice: what it takes up then no longer grows with its length."""
    parts = result.slices
    whole = Slice(
        start=0.0,
        width=result.duration,
        requests=result.requests,
        errors=result.requests - result.ok,
        bytes=result.bytes,
        over=result.over,
        latency_sum=math.fsum(part.latency_sum for part in parts),
        latency_square=math.fsum(part.latency_square for part in parts),
        packed=_packed(parts),
    )
    return dataclasses.replace(result, slices=(whole,))


def _packed(parts: Sequence[Slice]) -> bytes | None:
    histograms = [latency for part in parts if (latency := part.latency) is not None]
    return together(histograms).encode() if histograms else None


def _slices(results: Sequence[Result]) -> Iterator[Slice]:
    begun = 0.0
    for result in results:
        for part in result.slices:
            yield dataclasses.replace(part, start=begun + part.start)
        begun += result.duration


def _client(whole: Result, results: Sequence[Result]) -> Client:
    clients = [result.client for result in results]
    delay, late = (together([getattr(client, name) for client in clients]) for name in ("delay", "late"))
    busy = math.fsum(result.client.busy * result.duration for result in results) / max(whole.duration, 1e-9)
    held_back = sum(client.held_back for client in clients)
    valid, causes = judge_client(
        load=whole.plan.load,
        requests=whole.requests,
        errors=whole.errors,
        latency=whole.latency,
        service=whole.service,
        delay=delay,
        late=late,
        busy=busy,
        held_back=held_back,
    )
    machine = next((client.causes for client in clients if names_the_machine(client.causes)), ())
    causes = tuple(dict.fromkeys([*causes, *(cause for cause in machine if names_the_machine([cause]))]))
    return Client(
        delay=delay,
        late=late,
        stamped=sum(client.stamped for client in clients),
        cpu_seconds=math.fsum(client.cpu_seconds for client in clients),
        busy=busy,
        held_back=held_back,
        valid=valid and not causes,
        causes=causes,
    )
