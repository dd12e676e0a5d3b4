"""Runs seen by a real Prometheus server, through the exporter and a real push gateway; docs/monitoring against them."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from live_harness import HANG_S, eventually, start_server
from monitoring import MONITORING, RUN, Exported, Prometheus, exported, get, prometheus, push_gateway

from perfplug.report.load import load_report
from perfplug.report.prometheus_metrics import BOUNDS

SLEEP = 0.02  # of the server's /slow, in seconds
SECRET = "s3cr3t-token"
LATENCY = "perfplug_request_duration_seconds_bucket"


@dataclass(frozen=True)
class Observed:
    """Two runs under way, one that is over and was pushed, and the server that sees all of them."""

    server: Prometheus
    slow: Exported
    storm: Exported
    slow_result: Path


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    folder = tmp_path_factory.mktemp("monitoring")
    result = folder / "slow.json"
    with ExitStack() as stack:
        target = start_server("server.py", folder / "requests.jsonl")
        stack.callback(target.stop)
        gateway = stack.enter_context(push_gateway(folder))
        over = [
            *RUN,
            target.url("/status?code=503"),
            "-n",
            "50",
            "--sla",
            "error_rate<1%",
            "--prometheus-push",
            gateway,
        ]
        assert subprocess.run(over, capture_output=True, timeout=HANG_S).returncode == 1
        long = ("-u", "2", "-d", "1h", "-H", f"Authorization: Bearer {SECRET}", "--think", "5ms")
        slow = stack.enter_context(
            exported(target.url(f"/slow?seconds={SLEEP}"), *long, "--name", "slow", "--json", str(result))
        )
        storm = stack.enter_context(exported(target.url(f"/storm?token={SECRET}"), *long, "--name", f"storm {SECRET}"))
        hosts = {"slow": slow.host, "storm": storm.host, "pushgateway": gateway.partition("://")[2]}
        yield Observed(
            server=stack.enter_context(prometheus(folder, hosts, rules=MONITORING / "alerts.yml")),
            slow=slow,
            storm=storm,
            slow_result=result,
        )


def expressions(node: Any) -> Iterator[str]:
    """Every query of a dashboard."""
    if isinstance(node, Mapping):
        if isinstance(node.get("expr"), str):
            yield node["expr"]
        node = tuple(node.values())
    if isinstance(node, (list, tuple)):
        for part in node:
            yield from expressions(part)


def filled_in(expression: str) -> str:
    """As Grafana sends it when everything is selected."""
    for variable, value in {"$__rate_interval": "5m", "$job": ".*", "$test": ".*", "$name": ".*"}.items():
        expression = expression.replace(variable, value)
    assert "$" not in expression
    return expression


def test_the_95_percent_quantile_of_a_run_under_way_is_true(observed: Observed) -> None:
    expression = f'histogram_quantile(0.95, rate({LATENCY}{{name="slow"}}[5m]))'
    eventually(lambda: bool(observed.server.figures(expression)), expression)
    (seen,) = observed.server.figures(expression)
    slowest = max(observed.server.figures(f'histogram_quantile(1, rate({LATENCY}{{name="slow"}}[5m]))'))
    assert BOUNDS[BOUNDS.index(SLEEP)] < seen <= slowest


def test_every_panel_of_the_dashboard_has_data(observed: Observed) -> None:
    board = json.loads((MONITORING / "dashboard.json").read_text())
    asked = [filled_in(expression) for expression in expressions(board["panels"])]
    assert len(asked) >= 20
    for expression in asked:
        eventually(lambda expression=expression: bool(observed.server.figures(expression)), expression)  # type: ignore[misc]


def test_the_dashboards_variables_have_values(observed: Observed) -> None:
    board = json.loads((MONITORING / "dashboard.json").read_text())
    asked = [one["definition"] for one in board["templating"]["list"] if one["type"] == "query"]
    assert len(asked) == 3
    for definition in asked:
        selector, label = definition.removeprefix("label_values(").removesuffix(")").rsplit(", ", 1)
        series = observed.server.ask("series", **{"match[]": filled_in(selector)})
        assert {labels["__name__"] for labels in series} == {"perfplug_users"}
        assert len({labels[label] for labels in series}) >= 2


def test_every_metric_of_the_dashboard_and_the_alerts_is_one_of_ours(observed: Observed) -> None:
    names = set(observed.server.ask("label/__name__/values"))
    texts = [(MONITORING / name).read_text() for name in ("dashboard.json", "alerts.yml")]
    used = {name for text in texts for name in re.findall(r"\b(?:perfplug|process)_[a-z_]+", text)}
    assert used - names == set()


def test_the_alert_rules_are_evaluated_and_tell_a_broken_promise(observed: Observed) -> None:
    def firing() -> set[str]:
        return {name["alertname"] for name, _ in observed.server.query('ALERTS{alertstate="firing"}')}

    eventually(lambda: "PerfplugPromiseBroken" in firing(), "the alert of the run that was pushed")
    rules = [rule for group in observed.server.ask("rules")["groups"] for rule in group["rules"]]
    assert {rule["health"] for rule in rules} <= {"ok", "unknown"}
    assert not any(rule.get("lastError") for rule in rules)


def test_errors_of_a_run_under_way_are_counted_by_class(observed: Observed) -> None:
    expression = 'perfplug_request_errors_total{job="storm"} > 0'
    eventually(lambda: bool(observed.server.query(expression)), expression)
    assert {labels["class"] for labels, _ in observed.server.query(expression)} == {"status"}


def test_no_secret_of_a_run_reaches_prometheus(observed: Observed) -> None:
    told = get(observed.storm.url)
    assert 'name="storm ***"' in told
    assert "/storm" in told and "token=" not in told
    assert SECRET not in told


def test_the_last_scrape_is_not_beyond_the_result_and_the_exporter_ends_with_the_run(observed: Observed) -> None:
    def scraped(metric: str) -> float:
        (line,) = (line for line in get(observed.slow.url).splitlines() if line.startswith(f"{metric}{{"))
        return float(line.rsplit(" ", 1)[1])

    eventually(lambda: scraped("perfplug_requests_total") > 10, "requests")
    before, again = scraped("perfplug_requests_total"), scraped("perfplug_requests_total")
    assert observed.slow.stop() == 130
    (case,) = load_report(observed.slow_result).cases
    assert before <= again <= case.result.requests
    with pytest.raises(OSError):
        get(observed.slow.url)
