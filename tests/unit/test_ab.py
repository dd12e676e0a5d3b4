"""What is planned before the first block, and where the base of a load is."""

from __future__ import annotations

import builders
import pytest

from perfplug.ab import Design, Progress, rebased
from perfplug.errors import UsageError
from perfplug.plan import Load

HEAD, BASE = "http://127.0.0.1:8000", "http://127.0.0.1:9000"


@pytest.mark.parametrize(
    ("url", "head", "base", "moved"),
    [
        (f"{HEAD}/items?page=2", HEAD, BASE, f"{BASE}/items?page=2"),
        (f"{HEAD}/items", f"{HEAD}/", f"{BASE}/", f"{BASE}/items"),
        (f"{HEAD}/v2/items", f"{HEAD}/v2", f"{BASE}/v1", f"{BASE}/v1/items"),
        (f"{HEAD}/v2?x=1", f"{HEAD}/v2", f"{BASE}/v1", f"{BASE}/v1?x=1"),
        ("http://localhost/items", "http://LOCALHOST:80", "https://localhost", "https://localhost/items"),
    ],
)
def test_a_url_below_the_heads_is_moved_below_the_bases(url: str, head: str, base: str, moved: str) -> None:
    plan = rebased(builders.plan(url=url, headers=(("X-A", "b"),)), head, base)
    assert plan is not None
    assert plan.request.url == moved
    assert plan.request.headers == (("X-A", "b"),)
    assert plan.thresholds == (0.1,)


@pytest.mark.parametrize(
    ("url", "head"),
    [(f"{BASE}/items", HEAD), (f"{HEAD}/v20/items", f"{HEAD}/v2"), ("http+unix://%2Fapp.sock/items", HEAD)],
)
def test_a_url_that_lies_elsewhere_has_no_base(url: str, head: str) -> None:
    assert rebased(builders.plan(url=url), head, BASE) is None


def test_a_block_is_500_requests_or_20_of_each_virtual_user() -> None:
    def requests(**load: object) -> int:
        return Design().requests(builders.plan(load=Load(requests=1, **load)))  # type: ignore[arg-type]

    assert requests(users=15) == 500
    assert requests(users=100) == 2000
    assert requests(users=1000, rate=100.0) == 500  # users are but the most connections
    assert Design(block=60).requests(builders.plan()) == 60


def test_designs_that_tell_nothing_are_refused() -> None:
    for wrong in ({"pairs": 4}, {"pairs": -1}, {"block": 0}):
        with pytest.raises(UsageError, match=next(iter(wrong))):
            Design(**wrong)  # type: ignore[arg-type]


def test_progress_is_said_in_words() -> None:
    assert Progress(pair=3, pairs=30, confirming=False).words == "pair 3 of 30"
    assert Progress(pair=3, pairs=60, confirming=True).words == "confirming on fresh pairs: pair 3 of 60"
