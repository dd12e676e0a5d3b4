"""Which earlier runs a run may be compared with."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from earlier import figures

from perfplug.environment import COMPARED
from perfplug.measurement import Figures
from perfplug.past import Record, choose

HERE = {"cpu": "A", "cores": 2, "kernel": "6.1", "commit": "abc"}
LOAD = {"users": 15, "rate": None, "think": {"kind": "none", "low": 0.0, "high": 0.0}}


def record(environment: Mapping[str, object] | None = None, load: Mapping[str, object] | None = None) -> Record:
    def decoded(metrics: tuple[str, ...], errors: bool) -> Figures:
        return figures(error=0.01 if errors else None)

    return Record(environment={**HERE, **(environment or {})}, workload={**LOAD, **(load or {})}, figures=decoded)


def test_ten_runs_of_this_machine_are_enough() -> None:
    past = choose([record()] * 10, HERE, LOAD, ("p95",))
    assert (len(past.runs), past.alike, past.cause) == (10, True, "")


def test_nine_are_too_few_and_it_says_how_many_are_needed() -> None:
    past = choose([record()] * 9, HERE, LOAD, ("p95",))
    assert (len(past.runs), past.alike) == (9, False)
    assert past.cause == "9 runs on this machine in the baseline, 10 are needed"


def test_runs_of_other_machines_do_not_count_beside_those_of_this_one() -> None:
    past = choose([record({"cpu": "B"})] * 20 + [record()] * 2, HERE, LOAD, ("p95",))
    assert (len(past.runs), past.alike) == (2, False)


@pytest.mark.parametrize("key", COMPARED)
def test_each_part_of_the_fingerprint_makes_another_machine_and_is_named(key: str) -> None:
    past = choose([record({key: "other"})] * 20, {**HERE, key: "this"}, LOAD, ("p95",))
    assert (len(past.runs), past.alike) == (20, False)
    assert f"{key} other then, this now" in past.cause


def test_another_commit_is_no_other_machine() -> None:
    assert choose([record({"commit": "def"})] * 10, HERE, LOAD, ("p95",)).alike


def test_of_foreign_runs_only_those_of_the_newest_machine_are_taken() -> None:
    past = choose([record({"cpu": "B"})] * 5 + [record({"cpu": "C"})], HERE, LOAD, ("p95",))
    assert len(past.runs) == 1
    assert "cpu C then, A now" in past.cause


def test_another_load_is_not_compared_at_all() -> None:
    past = choose([record(load={"users": 10})] * 20, HERE, LOAD, ("p95",))
    assert past.runs == ()
    assert past.cause == "the load is not the baseline's: users 10 then, 15 now"


def test_without_records_there_is_nothing_to_compare_with() -> None:
    assert choose([], HERE, LOAD, ("p95",)).cause == "it has no run in the baseline"


def test_blocks_are_decoded_only_where_the_spread_of_runs_is_not_known() -> None:
    many = choose([record()] * 10, HERE, LOAD, ("p95",))
    few = choose([record()] * 3, HERE, LOAD, ("p95",))
    assert {run.errors["p95"] for run in many.runs} == {None}
    assert [run.errors["p95"] for run in few.runs] == [None, None, 0.01]
