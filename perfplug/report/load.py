"""Reading a result JSON back, for reports made later and for merging.

What the JSON does not hold is not made up: headers and body of the request are never written, so they are empty here,
and min, max, mean and standard deviation are those of the histogram's buckets (within 0.1 %). Fields that this version
does not know are passed over. Anything damaged is a ReportError that names file and place, never a verdict.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from typing import Literal, cast, get_args

from perfplug.comparing import Against, Compared
from perfplug.errors import ReportError, UsageError
from perfplug.histogram import Histogram
from perfplug.limits import Op
from perfplug.plan import HttpVersion, Load, Plan, Request, Think
from perfplug.report import Case, Report
from perfplug.report.json_report import SCHEMA
from perfplug.report.node import Node, read_document, read_text
from perfplug.result import PHASES, Answer, Client, Decided, EarlyStop, Result, Slice
from perfplug.sla import HasVerdict, Judged, Limit, Verdict, overall

_WHAT = "a result"
_RISING = list(Verdict)
_ThinkKind = Literal["none", "fixed", "uniform", "exponential"]
_Arrivals = Literal["constant", "poisson"]


def load_report(path: str | os.PathLike[str]) -> Report:
    """The report in the file at `path`. ReportError when it cannot be read or is not a whole result."""
    return parse_report(read_text(path, what=_WHAT), where=os.fspath(path))


def parse_report(text: str, *, where: str) -> Report:
    """The report in `text`. ReportError, beginning with `where`, for anything but a whole result."""
    environment, cases = cases_in(read_document(text, where=where, schemas=(SCHEMA,), what=_WHAT))
    return Report(environment=environment, cases=tuple(cases))


def cases_in(root: Node) -> tuple[dict[str, object], Iterator[Case]]:
    """For readers that need one case at a time: the environment, and the cases as they are read."""
    environment: dict[str, object] = {key: item.plain() for key, item in root["environment"].items()}
    return environment, map(_case, root["runs"].each())


def _case(run: Node) -> Case:
    result = _result(run)
    judged = tuple(_judged(row) for row in run["sla"].each())
    comparison = tuple(_compared(row) for row in run["comparison"].each())
    verdict = _verdict(run["verdict"])
    parts: list[HasVerdict] = [*judged, *comparison]
    if _RISING.index(overall(parts)) > _RISING.index(verdict):
        raise ReportError(f"{run.place}: the verdict {verdict.value} contradicts those of its limits and comparison")
    return Case(
        test=run["test"].text(),
        result=result,
        judged=judged,
        verdict=verdict,
        comparison=comparison,
        file=run["file"].text() if run["file"] else None,
        line=run["line"].count() if run["line"] else None,
    )


def _result(run: Node) -> Result:
    result = Result(
        name=run["name"].text(),
        plan=_checked_plan(run),
        transport=run["transport"].one_of("h1", "curl"),
        started_at=run["started_at"].number(),
        duration=run["duration"].number(),
        finished=run["finished"].number(),
        sent=run["sent"].count(),
        cancelled=run["cancelled"].count(),
        requests=run["requests"].count(),
        ok=run["ok"].count(),
        errors={name: node.count() for name, node in run["errors"].items()},
        statuses=dict(_status(name, node) for name, node in run["statuses"].items()),
        bytes=run["bytes"].count(),
        connections=run["connections"].count(),
        reused=run["reused"].count(),
        resent=run["resent"].count(),
        over=_counts(run["over"]),
        latency=_histogram(run["latency"]),
        latency_errors=_histogram(run["latency_errors"]),
        service=_histogram(run["service"]),
        phases={phase: _histogram(run["phases"][phase]) for phase in PHASES},
        client=_client(run["client"]),
        slices=tuple(_slice(row) for row in run["timeline"].each()),
        interrupted=run["interrupted"].flag(),
        unreachable=run["unreachable"].text() if run["unreachable"] else None,
        early_stop=_early_stop(early) if (early := run.maybe("early_stop")) else None,
    )
    if result.requests != result.ok + sum(result.errors.values()) or result.latency.count != result.ok:
        raise ReportError(f"{run.place}: the counts contradict each other: requests are not good ones plus errors")
    return result


def _checked_plan(run: Node) -> Plan:
    try:
        return _plan(run)
    except UsageError as error:
        raise ReportError(f"{run.place}: {error}") from error


def _plan(run: Node) -> Plan:
    return Plan(
        request=Request(
            url=run["url"].text(),
            method=run["method"].text(),
            name=run["name"].text(),
            http=cast(HttpVersion, run["http"].one_of(*get_args(HttpVersion))),
        ),
        load=_load(run["load"]),
        thresholds=tuple(node.number() for node in run["thresholds"].each()),
    )


def _load(load: Node) -> Load:
    return Load(
        users=load["users"].count(),
        duration=load["duration"].number() if load["duration"] else None,
        requests=load["requests"].count() if load["requests"] else None,
        rate=load["rate"].number() if load["rate"] else None,
        arrivals=cast(_Arrivals, load["arrivals"].one_of(*get_args(_Arrivals))),
        warmup=load["warmup"].number(),
        think=_think(load["think"]),
        workers=load["workers"].count(),
        seed=load["seed"].count(),
        early_stop=early.flag() if (early := load.maybe("early_stop")) else False,
    )


def _think(think: Node) -> Think:
    kind = cast(_ThinkKind, think["kind"].one_of(*get_args(_ThinkKind)))
    return Think(kind=kind, low=think["low"].number(), high=think["high"].number())


def _early_stop(early: Node) -> EarlyStop:
    return EarlyStop(
        after=early["after"].number() if early["after"] else None,
        decided=tuple(
            Decided(
                metric=one["metric"].text(),
                value=one["value"].number(),
                answer=cast(Answer, one["answer"].one_of(*get_args(Answer))),
                requests=one["requests"].count(),
            )
            for one in early["decided"].each()
        ),
    )


def _histogram(summary: Node) -> Histogram:
    histogram = summary["histogram"].histogram()
    if histogram.count != summary["count"].count():
        raise ReportError(f"{summary.place}: the histogram holds {histogram.count} values, not the count beside it")
    return histogram


def _client(client: Node) -> Client:
    return Client(
        delay=_histogram(client["delay"]),
        late=_histogram(client["late"]),
        stamped=client["stamped"].count(),
        cpu_seconds=client["cpu_seconds"].number(),
        busy=client["busy"].number(),
        held_back=client["held_back"].count(),
        valid=client["valid"].flag(),
        causes=tuple(cause.text() for cause in client["causes"].each()),
    )


def _slice(row: Node) -> Slice:
    return Slice(
        start=row["start"].number(),
        width=row["width"].number(),
        requests=row["requests"].count(),
        errors=row["errors"].count(),
        bytes=row["bytes"].count(),
        over=_counts(row["over"]),
        latency_sum=row["latency_sum"].number(),
        latency_square=row["latency_square"].number(),
        packed=row["histogram"].histogram().encode() if row["histogram"] else None,
    )


def _judged(row: Node) -> Judged:
    op = cast(Op, row["op"].one_of(*get_args(Op)))
    low = row["low"].number() if row["low"] else None
    # Infinity is null in JSON: an observed value always is one, and an interval has both ends or none.
    unbounded = None if low is None else math.inf
    return Judged(
        limit=Limit(metric=row["metric"].text(), op=op, value=row["limit"].number(), text=row["text"].text()),
        observed=row["observed"].number() if row["observed"] else math.inf,
        low=low,
        high=row["high"].number() if row["high"] else unbounded,
        requests=row["requests"].count(),
        verdict=_verdict(row["verdict"]),
        needed=row["needed"].count() if row["needed"] else None,
        cause=row["cause"].text(),
    )


def _compared(row: Node) -> Compared:
    def signed(key: str) -> float | None:
        return row[key].signed() if row[key] else None

    def number(key: str) -> float | None:
        return row[key].number() if row[key] else None

    return Compared(
        metric=row["metric"].text(),
        observed=number("observed"),
        baseline=number("baseline"),
        change=signed("change"),
        low=signed("low"),
        high=signed("high"),
        against=cast(Against, row["against"].one_of(*get_args(Against))),
        runs=row["runs"].count(),
        detectable=number("detectable"),
        verdict=_verdict(row["verdict"]),
        cause=row["cause"].text(),
    )


def _verdict(node: Node) -> Verdict:
    return Verdict(node.one_of(*(verdict.value for verdict in Verdict)))


def _counts(node: Node) -> tuple[int, ...]:
    return tuple(item.count() for item in node.each())


def _status(name: str, node: Node) -> tuple[int, int]:
    if not (name.isdecimal() and name.isascii() and len(name) <= 3):
        raise ReportError(f"{node.place}: {name[:40]!r} is not a status")
    return int(name), node.count()
