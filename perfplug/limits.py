"""Limits as users write them, and the form a judgement takes. Import them from :mod:`perfplug.sla`."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from perfplug import units
from perfplug.errors import UsageError

Op = Literal["<", "<=", ">", ">="]

_WORDS = ("p50", "p90", "p95", "p99", "p99_9", "mean", "max", "throughput", "error_rate")
_QUANTILE = re.compile(r"p(\d+)(?:[._](\d+))?")
_EXPRESSION = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(<=|>=|<|>|≤|≥|==?)\s*(.*?)\s*")
_SIDED = re.compile(r"\s*(<=|>=|<|>|≤|≥|==?)?\s*(.*?)\s*", re.DOTALL)
_PLAIN_OPS = {"≤": "<=", "≥": ">="}


class Verdict(enum.Enum):
    """In rising order of alarm."""

    PASS = "PASS"
    WARN = "WARN"
    INCONCLUSIVE = "INCONCLUSIVE"
    INVALID = "INVALID"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """``metric`` op ``value``. Value in SI: seconds, requests/s, share 0..1. ``text`` is as the user wrote it.

    A latency limit is exclusive whichever of "<" and "<=" stands there: a request of exactly T counts as over it.
    """

    metric: str  # "p95", "p99_9", "mean", "max", "throughput", "error_rate"
    op: Op
    value: float
    text: str

    @property
    def quantile(self) -> float | None:
        """0..1 for pNN metrics, else None."""
        return quantile_of(self.metric)

    @property
    def title(self) -> str:
        return title_of(self.metric)

    @property
    def bound(self) -> str:
        """The value for people, without digits that say nothing: "100 ms", "500/s", "0.1%"."""
        return re.sub(r"(\.\d*?)0+(?=\D|$)", lambda match: match[1].rstrip("."), format_value(self, self.value))

    @property
    def lower_is_better(self) -> bool:
        return self.metric != "throughput"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A limit against a result. ``low`` and ``high`` bound the true value at 95 % (None where there is no interval).

    ``observed`` and ``high`` are infinite when they fall among failed requests, which never gave an answer, or, for
    ``high``, when there are too few requests for an upper bound.
    """

    limit: Limit
    observed: float
    low: float | None
    high: float | None
    requests: int
    verdict: Verdict
    needed: int | None = None  # INCONCLUSIVE: about how many requests would decide
    cause: str = ""  # WARN, INCONCLUSIVE, INVALID: why, in one phrase


def parse_limits(limits: Mapping[str, object], *, where: str) -> tuple[Limit, ...]:
    """From a marker's keywords: ``p95="100ms"``, ``throughput=">= 500/s"``. UsageError naming place and word."""
    return tuple(_limit(word, value, where) for word, value in limits.items())


def parse_limit_expression(text: str, *, where: str) -> Limit:
    """From ``--sla``: "p95<100ms", "throughput >= 500/s"."""
    match = _EXPRESSION.fullmatch(text)
    if not match:
        raise UsageError(f"{where}: {text!r} is not a limit: write it like 'p95<100ms' or 'throughput>=500/s'")
    return _limit(match[1], f"{match[2]} {match[3]}", where)


def is_metric(word: str) -> bool:
    """Whether a marker keyword is a limit's name."""
    return canonical(word) is not None


def thresholds(limits: Sequence[Limit]) -> tuple[float, ...]:
    """Latencies in seconds whose exceedances the run must count, for ``Plan.thresholds``."""
    return tuple(sorted({limit.value for limit in limits if limit.quantile is not None or limit.metric == "max"}))


def quantile_of(metric: str) -> float | None:
    """0..1 for pNN metrics, else None."""
    percent = _percent(metric)
    return None if percent is None else round(float(percent) / 100.0, 15)


def title_of(metric: str) -> str:
    """A metric for people: "p99.9", "error rate"."""
    return metric.replace("_", "." if quantile_of(metric) is not None else " ")


def format_value(limit: Limit, value: float) -> str:
    """A value of the limit's kind for people."""
    return format_metric(limit.metric, value)


def format_metric(metric: str, value: float) -> str:
    """A value of a metric for people."""
    if metric == "throughput":
        return units.format_rate(value)
    if metric == "error_rate":
        return units.format_share(value)
    return units.format_duration(value)


def _limit(word: str, value: object, where: str) -> Limit:
    metric = canonical(word)
    if metric is None:
        raise UsageError(f"{where}: {word!r} is not a limit{_hint(word)}")
    op, quantity = _side(metric, value, where)
    try:
        parsed = _parse(metric, quantity)
    except UsageError as error:
        raise UsageError(f"{where}: {word}: {error}") from None
    if parsed <= 0.0 and not (metric == "error_rate" and op == "<="):
        raise UsageError(f"{where}: {word}: {value!r} can never be judged: the limit must lie above 0")
    return Limit(metric=metric, op=op, value=parsed, text=value.strip() if isinstance(value, str) else repr(value))


def _side(metric: str, value: object, where: str) -> tuple[Op, object]:
    """The operator, the natural one when none is written; and the rest."""
    ops: tuple[Op, ...] = (">=", ">") if metric == "throughput" else ("<=", "<")
    natural = ops[0] if metric in ("throughput", "error_rate") else ops[1]
    if not isinstance(value, str):
        return natural, value
    match = _SIDED.fullmatch(value)
    written, rest = (match[1], match[2]) if match else (None, value)
    if written is None:
        return natural, rest
    for op in ops:
        if op == _PLAIN_OPS.get(written, written):
            return op, rest
    raise UsageError(f"{where}: {metric}: {written!r} is not the side of a limit on {metric}: write '{ops[0]} {rest}'")


def _parse(metric: str, quantity: object) -> float:
    if metric == "throughput":
        return units.parse_rate(quantity, allow_number=True)
    if metric == "error_rate":
        return units.parse_share(quantity)
    return units.parse_duration(quantity)


def canonical(word: str) -> str | None:
    """ "p99.9" and "p99_90" are "p99_9"; None for what is no metric."""
    percent = _percent(word)
    if percent is not None:
        return "p" + percent.replace(".", "_")
    return word if word in _WORDS else None


def _percent(word: str) -> str | None:
    match = _QUANTILE.fullmatch(word)
    if not match:
        return None
    whole, part = str(int(match[1])), (match[2] or "").rstrip("0")
    percent = f"{whole}.{part}" if part else whole
    return percent if 0.0 < float(percent) < 100.0 else None


def _hint(word: str) -> str:
    """The nearest right word: "p999" is meant as p99_9, "p100" as max."""
    if match := re.fullmatch(r"p(99)_?(9+)", word):
        return f": write 'p{match[1]}_{match[2]}'"
    if word in ("p100", "p100_0"):
        return ": write 'max'"
    return units.nearest(word.lower(), _WORDS)
