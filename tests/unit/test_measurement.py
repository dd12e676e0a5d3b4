"""What a comparison takes from a result."""

from __future__ import annotations

import dataclasses
import math
import random

import builders
import earlier
import pytest

from perfplug.measurement import METRICS, figures, of_result, workload


def test_a_run_becomes_ten_blocks_that_hold_all_of_it() -> None:
    result = earlier.case().result
    measured = of_result(result)
    assert len(measured.blocks) == 10
    assert sum(block.requests for block in measured.blocks) == measured.requests == result.requests
    assert measured.latency.count == result.ok
    assert math.fsum(block.width for block in measured.blocks) == pytest.approx(10.0)


def test_its_values_are_the_results_to_the_histograms_resolution() -> None:
    result = earlier.case().result
    measured = of_result(result)
    for metric in ("p50", "p95", "p99", "p99_9", "mean", "max"):
        assert measured.value(metric) == pytest.approx(getattr(result, metric), rel=0.01), metric
    assert measured.value("throughput") == pytest.approx(result.throughput)
    assert measured.value("error_rate") == 0.0


def test_a_run_without_a_whole_timeline_is_one_block() -> None:
    result = dataclasses.replace(earlier.case().result, slices=())
    measured = of_result(result)
    assert len(measured.blocks) == 1
    assert measured.value("p95") == result.p95


def test_among_failed_requests_and_without_any_there_is_no_quantile() -> None:
    failing = of_result(builders.result(good=900, errors={"timeout": 100}))
    assert failing.value("p99") is None
    assert failing.value("p50") is not None
    assert failing.value("error_rate") == pytest.approx(0.1)
    nothing = of_result(builders.result(good=0, errors={"timeout": 5}, latency=builders.histogram([]), slices=()))
    assert [nothing.value(metric) for metric in ("p50", "throughput", "mean")] == [None, None, None]


def test_the_error_of_a_quantile_is_what_repeated_runs_show() -> None:
    values, errors = [], []
    for seed in range(60):
        found = figures(of_result(earlier.case(seed=seed).result), ("p50", "p95"), errors=True)
        values.append(math.log(found.values["p95"] or 0.0))
        errors.append(found.errors["p95"] or 0.0)
    mean = sum(values) / len(values)
    seen = math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
    assert sum(errors) / len(errors) == pytest.approx(seen, rel=0.5)


def test_too_few_requests_beyond_a_quantile_leave_its_error_unknown() -> None:
    short = dataclasses.replace(
        builders.result(good=100, errors=None), slices=(), latency=builders.histogram(builders.latencies(100))
    )
    found = figures(of_result(short), ("p50", "p99"), errors=True)
    assert found.errors["p99"] is None
    assert found.errors["p50"] is not None


def test_a_slow_moment_makes_the_error_larger() -> None:
    chance = random.Random(4)
    steady = [0.005 * math.exp(chance.gauss(0.0, 0.35)) for _ in range(4000)]
    uneven = [value * (3.0 if 1000 < at < 1800 else 1.0) for at, value in enumerate(steady)]
    errors = []
    for times in (steady, uneven):
        slices = builders.slices(times, parts=101, width=0.1)[:-1]
        result = builders.result(good=4000, latency=builders.histogram(times), slices=slices)
        errors.append(figures(of_result(result), ("p95",), errors=True).errors["p95"] or 0.0)
    assert errors[1] > 3.0 * errors[0]


def test_errors_that_nobody_asked_for_are_not_computed() -> None:
    assert figures(of_result(earlier.case().result), METRICS, errors=False).errors == {}


def test_the_causes_of_a_spoiled_client_come_along() -> None:
    client = builders.client(2000, valid=False, causes=("a worker was busy",))
    assert of_result(earlier.case(client=client).result).causes == ("a worker was busy",)


def test_a_load_of_another_length_is_the_same_work_and_one_of_more_users_is_not() -> None:
    result = earlier.case().result
    longer = builders.plan(load=dataclasses.replace(result.plan.load, duration=60.0), thresholds=())
    assert workload(dataclasses.replace(result, plan=longer)) == workload(result)
    assert workload(earlier.case(users=16).result) != workload(result)
    assert workload(dataclasses.replace(result, transport="curl")) != workload(result)
