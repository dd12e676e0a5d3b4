"""Several runs as one result."""

from __future__ import annotations

import dataclasses

import builders
import pytest

from perfplug.merging import condensed, merged


def test_counts_and_histograms_add_up() -> None:
    parts = [
        builders.result(good=100, errors={"status": 3}),
        builders.result(good=50, errors={"status": 1, "reset": 2}),
    ]
    whole = merged(parts)
    assert (whole.requests, whole.ok, whole.errors) == (156, 150, {"status": 4, "reset": 2})
    assert (whole.latency.count, whole.latency_errors.count, whole.service.count) == (150, 6, 150)
    assert all(whole.phases[phase].count == 150 for phase in whole.phases)
    assert whole.statuses == {200: 150}
    assert whole.over == (6,)
    assert whole.duration == pytest.approx(20.0)
    assert whole.throughput == pytest.approx(150 / 20.0)
    assert whole.plan.load.requests == 156 and whole.plan.load.duration is None


def test_slices_follow_each_other() -> None:
    part = builders.result(good=90)
    whole = merged([part, part])
    assert [one.start for one in whole.slices] == pytest.approx([*range(20)])
    assert sum(one.requests for one in whole.slices) == 180


def test_of_a_single_run_nothing_but_the_plan_changes() -> None:
    part = builders.result(good=100)
    whole = merged([part])
    for field in ("requests", "ok", "errors", "duration", "started_at", "connections", "slices", "name"):
        assert getattr(whole, field) == getattr(part, field)
    assert whole.p95 == part.p95


def test_condensed_is_one_slice_with_the_same_sums() -> None:
    part = builders.result(good=100, errors={"status": 5})
    (whole,) = condensed(part).slices
    assert (whole.start, whole.width, whole.requests, whole.errors) == (0.0, 10.0, 105, 5)
    assert whole.latency_sum == pytest.approx(sum(one.latency_sum for one in part.slices))
    assert whole.latency is not None
    assert whole.latency.count == sum(one.latency.count for one in part.slices if one.latency is not None)


def test_a_run_without_any_answer_condenses_as_well() -> None:
    nothing = dataclasses.replace(builders.result(good=0, errors={"reset": 4}), slices=())
    assert condensed(nothing).slices[0].latency is None
    assert merged([condensed(nothing)] * 2).requests == 8


def test_one_strained_moment_does_not_spoil_the_whole() -> None:
    calm = builders.result(good=1000)
    strained = builders.result(good=10, client=builders.client(10, busy=1.0, valid=False, causes=("client CPU: ...",)))
    assert merged([calm, strained]).client.valid
    always = builders.result(good=1000, client=builders.client(1000, busy=0.99))
    assert not merged([always, always]).client.valid


def test_a_machine_that_was_held_up_is_named_still() -> None:
    cause = "CPU throttled: the CPU quota stopped this process's group for 1.20 s"
    held_up = builders.result(client=builders.client(valid=False, causes=(cause,)))
    whole = merged([builders.result(), held_up])
    assert (whole.client.valid, whole.client.causes) == (False, (cause,))
