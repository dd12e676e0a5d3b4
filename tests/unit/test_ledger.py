"""What a test's loads mean for the test."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType

import builders
import pytest

from perfplug.carry import pack, unpack
from perfplug.errors import LimitExceeded, TargetUnreachable, UsageError
from perfplug.ledger import Ledger, Loads
from perfplug.sla import Limit, Verdict, parse_limits

HOLDS = parse_limits({"error_rate": "10%"}, where="t")
BROKEN = parse_limits({"error_rate": "1%"}, where="t")
UNDECIDED = parse_limits({"p99_9": "1h"}, where="t")


def loads(limits: tuple[Limit, ...] = ()) -> Loads:
    return Loads(test="t.py::test", ledger=Ledger(), limits=limits)


def test_names_of_loads_are_unique() -> None:
    books = loads()
    assert [books.unique_name("GET /x") for _ in range(3)] == ["GET /x", "GET /x #2", "GET /x #3"]


def test_a_name_that_was_given_to_another_load_is_not_given_again() -> None:
    books = loads()
    assert [books.unique_name(name) for name in ("a #2", "a", "a")] == ["a #2", "a", "a #3"]


def test_limits_that_hold_fail_nothing() -> None:
    books = loads()
    assert books.add(builders.result(), HOLDS).verdict is Verdict.PASS
    assert books.settle(strict=True) == []


def test_a_limit_that_does_not_hold_fails_the_test_with_its_figures() -> None:
    books = loads()
    books.add(builders.result(good=2000, errors={"timeout": 500}), BROKEN)
    with pytest.raises(LimitExceeded) as caught:
        books.settle(strict=False)
    first, *rest = str(caught.value).splitlines()
    assert first.startswith("GET /session/42/status: error rate 20%")
    assert any("error rate <= 1%" in line and line.endswith("FAIL") for line in rest)


def test_the_first_line_counts_the_other_limits_that_do_not_hold() -> None:
    books = loads()
    books.add(builders.result(good=1000, errors={"reset": 900}), (*BROKEN, *HOLDS))
    with pytest.raises(LimitExceeded, match=r"^[^\n]*\(and 1 more\)\n"):
        books.settle(strict=False)


def test_an_undecided_limit_is_a_warning_and_under_strict_a_failure() -> None:
    books = loads()
    assert books.add(builders.result(good=20), UNDECIDED).verdict is Verdict.INCONCLUSIVE
    (warning,) = books.settle(strict=False)
    assert "INCONCLUSIVE" in warning
    books.add(builders.result(good=20), UNDECIDED)
    with pytest.raises(LimitExceeded, match="INCONCLUSIVE"):
        books.settle(strict=True)


def test_a_spoiled_load_without_limits_is_invalid_and_says_why() -> None:
    books = loads()
    spoiled = builders.result(client=builders.client(valid=False, causes=("its core was busy",)))
    assert books.add(spoiled, ()).verdict is Verdict.INVALID
    assert books.settle(strict=False) == ["GET /session/42/status: INVALID (its core was busy)"]


def test_a_load_is_settled_once() -> None:
    books = loads()
    books.add(builders.result(good=10, errors={"reset": 990}), BROKEN)
    with pytest.raises(LimitExceeded):
        books.settle(strict=False)
    assert books.settle(strict=False) == []


def test_a_test_that_failed_by_itself_keeps_its_failure_and_shows_what_was_measured() -> None:
    books = loads()
    books.add(builders.result(good=10, errors={"reset": 990}), BROKEN)
    assert "error rate <= 1%" in books.give_up()
    assert books.settle(strict=False) == []


def test_limits_without_a_load_are_an_error_that_names_them() -> None:
    with pytest.raises(UsageError, match=r"^t.py::test: a limit without a load: .*error_rate"):
        loads(HOLDS).require_a_load()
    loads().require_a_load()


def test_secrets_in_a_name_do_not_reach_a_message() -> None:
    books = loads()
    request = {"url": "http://127.0.0.1:1/x", "headers": (("Authorization", "Bearer s3cr3t-token"),)}
    name = "GET /x s3cr3t-token"
    books.add(builders.result(name=name, plan=builders.plan(**request), good=1, errors={"reset": 99}), BROKEN)
    with pytest.raises(LimitExceeded) as caught:
        books.settle(strict=False)
    assert "s3cr3t" not in str(caught.value)


def test_a_target_that_was_unreachable_stays_so_with_the_same_line() -> None:
    ledger = Ledger()
    ledger.check_reachable("a:1")
    ledger.mark_unreachable("a:1", "nothing listens at a:1")
    ledger.mark_unreachable("a:1", "another line")
    ledger.check_reachable("a:2")
    with pytest.raises(TargetUnreachable, match="nothing listens"):
        ledger.check_reachable("a:1")


def test_of_a_test_that_is_run_again_the_last_run_counts() -> None:
    ledger = Ledger()
    first, other, again = (builders.case(test=test) for test in ("a", "b", "a"))
    ledger.enter("a", [first])
    ledger.enter("b", [other])
    ledger.enter("a", [again])
    assert ledger.cases == (again, other)


def test_cases_are_carried_with_every_count_and_verdict() -> None:
    cases = (builders.case(), builders.case(builders.judged(verdict=Verdict.FAIL)))
    carried = unpack(pack(cases))
    assert [case.judged for case in carried] == [case.judged for case in cases]
    assert [case.verdict for case in carried] == [Verdict.PASS, Verdict.FAIL]
    for one, other in zip(carried, cases, strict=True):
        assert one.result.plan == other.result.plan
        assert one.result.phases.keys() == other.result.phases.keys()
        assert one.result.latency.buckets() == other.result.latency.buckets()
        assert one.result.mean == pytest.approx(other.result.mean, rel=1e-3)
        assert [part.requests for part in one.result.slices] == [part.requests for part in other.result.slices]


def test_read_only_mappings_can_be_carried() -> None:
    result = builders.result(errors={"reset": 3})
    result = dataclasses.replace(result, errors=MappingProxyType(result.errors))
    (carried,) = unpack(pack((builders.case(result=result),)))
    assert carried.result.errors == {"reset": 3}
