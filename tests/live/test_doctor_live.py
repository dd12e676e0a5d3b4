"""`perfplug doctor` on this machine, shortened. How it grades a machine that runs tests is not looked at."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import psutil
import pytest

from perfplug.doctor import examine, false_alarms, truth
from perfplug.plan import Load


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Of the processes that a test starts; servers of other tests may be there all the time."""
    before = set(psutil.Process().children(recursive=True))
    yield
    assert set(psutil.Process().children(recursive=True)) - before == set()


def test_the_built_in_server_knows_what_it_did() -> None:
    with truth.known_server(median=0.002) as server:
        result, known = truth.measure(server, Load(users=4, requests=300))
        assert result.ok == len(known) == 300
        assert known == sorted(known)
        assert server.truth() == []
    # What it knows lies within what we saw: the way there and back is ours alone.
    assert known[0] > 0.0
    assert known[150] <= result.service.quantile(0.51) + 1e-3


@pytest.mark.skipif(sys.platform != "linux", reason="stamps are Linux's")
def test_the_answers_of_the_built_in_server_are_stamped() -> None:
    with truth.known_server() as server:
        result, _ = truth.measure(server, Load(users=2, requests=50))
    assert result.client.stamped == 50


def test_an_examination_looks_at_everything_and_leaves_nothing() -> None:
    told: list[str] = []
    checks = examine.examine(examine.Length(idle=0.1, naps=0.1, load=0.5), told.append)
    names = [check.name for check in checks]
    assert len(set(names)) == len(names) == 13
    assert all(check.seen for check in checks)
    assert told == [
        "the idle machine",
        "clock and scheduler",
        "quantiles of a closed load",
        "quantiles of an open load",
    ]


def test_a_service_is_compared_with_itself_as_often_as_wanted() -> None:
    told: list[str] = []
    check = false_alarms.measure(2, told.append, pairs=5, block=20)
    assert check.seen.split(";")[0].endswith("of 2 comparisons of a service with itself")
    assert [line.split(",")[0] for line in told] == ["comparison 1 of 2", "comparison 2 of 2"]
