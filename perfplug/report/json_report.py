"""The result as JSON: everything, for machines. Described by ``result.schema.json`` beside this file.

Times are seconds, sizes bytes, rates per second, shares 0 to 1. NaN and infinity are null, as is the quantile of an
empty histogram. Reading it back is :mod:`perfplug.report.load`.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict

from perfplug.comparing import Compared
from perfplug.histogram import Histogram, encoded_to_text, to_text
from perfplug.report import Case, Report
from perfplug.report.redact import Redactor
from perfplug.report.timeline import rows
from perfplug.result import PHASES, Client, Result, Slice
from perfplug.sla import Judged

SCHEMA = "perfplug.result/1"
# Document, runs, run, field: a row of the timeline or a limit is one line. json's own indent takes four times as long.
_BROKEN_LEVELS = 4
QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999}


_ENCODER = json.JSONEncoder(allow_nan=False)  # json.dumps would make one for each of many thousand lines


class JsonReport:
    """The :class:`perfplug.report.Reporter` of the result JSON."""

    def render(self, report: Report) -> str:
        redact = report.redactor()
        document = {
            "schema": SCHEMA,
            "environment": {key: _text(value, redact) for key, value in report.environment.items()},
            "runs": [_run(case, redact) for case in report.cases],
        }
        try:
            return layout(document, _BROKEN_LEVELS) + "\n"
        except ValueError:  # a number that JSON does not know: rare, and not worth a walk through every report
            return layout(_finite(document), _BROKEN_LEVELS) + "\n"


def _run(case: Case, redact: Redactor) -> dict[str, object]:
    result = case.result
    request = result.plan.request
    return {
        "test": _text(case.test, redact),
        "name": _text(result.name, redact),
        "file": _text(case.file, redact),
        "line": case.line,
        "verdict": case.verdict.value,
        "sla": [_judged(judged, redact) for judged in case.judged],
        "comparison": [_compared(one, redact) for one in case.comparison],
        "url": redact.url(request.url),
        "method": _text(request.method, redact),
        "http": request.http,
        "transport": result.transport,
        "load": asdict(result.plan.load),
        "started_at": result.started_at,
        "duration": result.duration,
        "finished": result.finished,
        "interrupted": result.interrupted,
        "unreachable": _text(result.unreachable, redact),
        **_counts(result),
        "latency": _summary(result.latency),
        "early_stop": asdict(result.early_stop) if result.early_stop is not None else None,
        "latency_errors": _summary(result.latency_errors),
        "service": _summary(result.service),
        "phases": {phase: _summary(result.phases[phase]) for phase in PHASES},
        "client": _client(result.client, redact),
        "thresholds": list(result.plan.thresholds),
        "over": list(result.over),
        "timeline": [_row(part) for part in rows(result)],
    }


def _counts(result: Result) -> dict[str, object]:
    return {
        "sent": result.sent,
        "cancelled": result.cancelled,
        "requests": result.requests,
        "ok": result.ok,
        "errors": dict(result.errors),
        "error_rate": result.error_rate,
        "statuses": {str(code): count for code, count in sorted(result.statuses.items())},
        "throughput": result.throughput,
        "bytes": result.bytes,
        "connections": result.connections,
        "reused": result.reused,
        "resent": result.resent,
    }


def _judged(judged: Judged, redact: Redactor) -> dict[str, object]:
    return {
        "metric": judged.limit.metric,
        "op": judged.limit.op,
        "limit": judged.limit.value,
        "text": _text(judged.limit.text, redact),
        "observed": judged.observed,
        "low": judged.low,
        "high": judged.high,
        "requests": judged.requests,
        "needed": judged.needed,
        "verdict": judged.verdict.value,
        "cause": _text(judged.cause, redact),
    }


def _compared(compared: Compared, redact: Redactor) -> dict[str, object]:
    return {
        "metric": compared.metric,
        "observed": compared.observed,
        "baseline": compared.baseline,
        "change": compared.change,
        "low": compared.low,
        "high": compared.high,
        "against": compared.against,
        "runs": compared.runs,
        "detectable": compared.detectable,
        "verdict": compared.verdict.value,
        "cause": _text(compared.cause, redact),
    }


def _summary(histogram: Histogram) -> dict[str, object]:
    some = histogram.count > 0
    return {
        "count": histogram.count,
        "min": histogram.min if some else None,
        "mean": histogram.mean if some else None,
        "stdev": histogram.stdev if some else None,
        **{name: histogram.quantile(q) if some else None for name, q in QUANTILES.items()},
        "max": histogram.max if some else None,
        "histogram": to_text(histogram),
    }


def _client(client: Client, redact: Redactor) -> dict[str, object]:
    return {
        "delay": _brief(client.delay),
        "late": _brief(client.late),
        "stamped": client.stamped,
        "cpu_seconds": client.cpu_seconds,
        "busy": client.busy,
        "held_back": client.held_back,
        "valid": client.valid,
        "causes": [_text(cause, redact) for cause in client.causes],
    }


def _brief(histogram: Histogram) -> dict[str, object]:
    summary = _summary(histogram)
    return {key: summary[key] for key in ("count", "p50", "p99", "max", "histogram")}


def _row(part: Slice) -> dict[str, object]:
    latency = part.latency
    return {
        "start": part.start,
        "width": part.width,
        "requests": part.requests,
        "errors": part.errors,
        "throughput": (part.requests - part.errors) / part.width if part.width > 0 else None,
        "bytes": part.bytes,
        "p50": latency.quantile(0.5) if latency is not None else None,
        "p99": latency.quantile(0.99) if latency is not None else None,
        "over": list(part.over),
        "latency_sum": part.latency_sum,
        "latency_square": part.latency_square,
        "histogram": encoded_to_text(part.packed) if part.packed is not None else None,
    }


def _text(value: object, redact: Redactor) -> object:
    """A text with secrets masked and without lone surrogates, which strict readers refuse even when escaped."""
    if not isinstance(value, str):
        return value
    return redact(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def layout(value: object, levels: int, indent: str = "") -> str:
    """JSON with the outermost `levels` broken into lines."""
    if levels == 0 or not value or not isinstance(value, (dict, list)):
        return _ENCODER.encode(value)
    inner = indent + " "
    if isinstance(value, dict):
        items = [f"{_ENCODER.encode(key)}: {layout(item, levels - 1, inner)}" for key, item in value.items()]
    else:
        items = [layout(item, levels - 1, inner) for item in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return opening + ",".join(f"\n{inner}{item}" for item in items) + f"\n{indent}{closing}"


def _finite(value: object) -> object:
    """The same tree with null for the numbers that JSON does not know."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
