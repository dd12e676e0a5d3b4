"""The shop's performance promises: one test an endpoint, each with the load that it is promised under.

Run them with ``pytest -m performance --perf-base-url URL``; ``python demo.py`` does it all.
"""

from __future__ import annotations

import pytest

from perfplug import Perf


@pytest.fixture(autouse=True)
def shop_is_up(perf: Perf) -> None:
    perf.require("/health")


@pytest.mark.performance(p95="150ms", p99="300ms", error_rate="0.1%", throughput=">= 100/s")
def test_the_first_page_of_the_catalogue(perf: Perf) -> None:
    perf.http("/products?limit=20", users=8, duration="4s", warmup="500ms")


@pytest.mark.performance(p50="50ms", p99="250ms", error_rate="0.1%")
def test_one_product(perf: Perf) -> None:
    result = perf.http("/products/42", users=8, duration="4s", warmup="500ms", expect_text='"id":42')
    assert result.requests > 100, "too few to say anything about a 99th percentile"


@pytest.mark.performance(p95="150ms", error_rate="0.1%")
def test_orders_are_taken(perf: Perf) -> None:
    order = {"product_id": 42, "quantity": 2}
    perf.http("/orders", method="POST", json=order, expect_status=201, users=4, requests=4000)


@pytest.mark.performance(p95="100ms", p99="250ms", error_rate="1%")
def test_search_at_a_constant_arrival_rate(perf: Perf) -> None:
    """Visitors do not wait for each other: 100 searches arrive each second, however long each one takes."""
    perf.http("/search?q=lamp", rate="100/s", users=50, duration="4s", warmup="500ms")


@pytest.mark.performance(p95="1s", error_rate="0%")
def test_the_sales_report_is_slow_but_bounded(perf: Perf) -> None:
    """It reads every order ever placed: two managers at once may wait a second, nobody longer than five."""
    perf.http("/reports/sales", users=2, requests=80, timeout="5s")
