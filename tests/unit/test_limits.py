"""Limits as users write them."""

from __future__ import annotations

import pytest

from perfplug.errors import UsageError
from perfplug.sla import Limit, is_metric, parse_limit_expression, parse_limits, thresholds


def one(**limits: object) -> Limit:
    (limit,) = parse_limits(limits, where="test_x")
    return limit


@pytest.mark.parametrize(
    ("word", "value", "metric", "op", "number"),
    [
        ("p95", "100ms", "p95", "<", 0.1),
        ("p99_9", "< 1s", "p99_9", "<", 1.0),
        ("p99_90", "<=1s", "p99_9", "<=", 1.0),
        ("p50_0", "≤ 5 ms", "p50", "<=", 0.005),
        ("mean", "20ms", "mean", "<", 0.02),
        ("max", "2s", "max", "<", 2.0),
        ("throughput", ">= 500/s", "throughput", ">=", 500.0),
        ("throughput", "30/min", "throughput", ">=", 0.5),
        ("throughput", "> 1k/s", "throughput", ">", 1000.0),
        ("throughput", 500, "throughput", ">=", 500.0),
        ("error_rate", "0.1%", "error_rate", "<=", 0.001),
        ("error_rate", 0.02, "error_rate", "<=", 0.02),
        ("error_rate", "0%", "error_rate", "<=", 0.0),
    ],
)
def test_a_limit_has_its_natural_side_and_a_value_in_si(
    word: str, value: object, metric: str, op: str, number: float
) -> None:
    limit = one(**{word: value})
    assert (limit.metric, limit.op, limit.value) == (metric, op, pytest.approx(number))


def test_a_limit_keeps_what_the_user_wrote() -> None:
    assert one(p95=" < 100ms ").text == "< 100ms"
    assert one(error_rate=0.02).text == "0.02"


@pytest.mark.parametrize(
    ("word", "value", "told"),
    [
        ("p9x", "1s", "'p9x' is not a limit: write 'p9"),
        ("p999", "1s", "write 'p99_9'"),
        ("p100", "1s", "write 'max'"),
        ("p0", "1s", "'p0' is not a limit"),
        ("errorrate", "1%", "write 'error_rate'"),
        ("thruput", "1/s", "write 'throughput'"),
        ("colour", "1s", "'colour' is not a limit"),
        ("p95", "100", "write '100ms' or '100s'"),
        ("p95", 0.1, "p95: 0.1 has no unit"),
        ("p95", "0.1%", "p95: '0.1%'"),
        ("p95", None, "p95: None"),
        ("p95", ">= 100ms", "'>=' is not the side of a limit on p95"),
        ("p95", "== 100ms", "'==' is not the side"),
        ("p95", "0ms", "above 0"),
        ("p95", "<", "p95: ''"),
        ("throughput", "500", "write '500/s'"),
        ("throughput", "<= 500/s", "'<=' is not the side of a limit on throughput"),
        ("throughput", "100ms", "'100ms' is not a rate"),
        ("throughput", 0, "above 0"),
        ("error_rate", "0.1", "write '0.1%'"),
        ("error_rate", 5, "write '5%'"),
        ("error_rate", "< 0%", "above 0"),
    ],
)
def test_a_bad_limit_is_told_with_its_place_its_word_and_what_would_be_right(
    word: str, value: object, told: str
) -> None:
    with pytest.raises(UsageError) as caught:
        one(**{word: value})
    assert str(caught.value).startswith("test_x: ")
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("text", "metric", "op", "value"),
    [
        ("p95<100ms", "p95", "<", 0.1),
        (" p99.9 <= 1s ", "p99_9", "<=", 1.0),
        ("throughput>=500/s", "throughput", ">=", 500.0),
        ("error_rate <0.1%", "error_rate", "<", 0.001),
    ],
)
def test_an_expression_is_a_limit_too(text: str, metric: str, op: str, value: float) -> None:
    limit = parse_limit_expression(text, where="--sla")
    assert (limit.metric, limit.op, limit.value) == (metric, op, pytest.approx(value))


@pytest.mark.parametrize("text", ["p95", "100ms", "<100ms", "p95 100ms", "p95<", "p95<100", "p95>100ms", "x<1s", ""])
def test_a_bad_expression_is_told_with_its_place(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--sla: "):
        parse_limit_expression(text, where="--sla")


def test_thresholds_are_the_latencies_whose_exceedances_must_be_counted() -> None:
    limits = parse_limits(
        {"p99": "200ms", "p95": "100ms", "max": "100ms", "mean": "50ms", "throughput": 5, "error_rate": "1%"}, where="t"
    )
    assert thresholds(limits) == (0.1, 0.2)
    assert thresholds([]) == ()


def test_words_of_limits_are_told_from_other_keywords() -> None:
    assert all(is_metric(word) for word in ("p95", "p99_9", "p12_5", "mean", "max", "throughput", "error_rate"))
    assert not any(is_metric(word) for word in ("p100", "name", "users", "p", "pp95", "P95"))


def test_a_limit_says_its_quantile_and_its_value_for_people() -> None:
    assert one(p99_9="1s").quantile == 0.999
    assert one(mean="1s").quantile is None
    assert one(p99_9="1s").title == "p99.9"
    assert one(error_rate="0.1%").title == "error rate"
    assert [one(p95="100ms").bound, one(p95="1.5s").bound, one(throughput="500/s").bound] == [
        "100 ms",
        "1.5 s",
        "500/s",
    ]
