"""The metrics: true counts, labels that are harmless, distinct and few, and the names that the documentation gives."""

from __future__ import annotations

import dataclasses
import itertools
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import builders
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from perfplug.engine import ERROR_CLASSES
from perfplug.errors import UsageError
from perfplug.extras import need
from perfplug.plan import Request
from perfplug.report import Case
from perfplug.report.prometheus import PrometheusReport, target_label
from perfplug.report.prometheus_metrics import BOUNDS, Figures, families
from perfplug.report.prometheus_push import parse_gateway
from perfplug.report.redact import redactor
from perfplug.sla import Verdict

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "monitoring.md"
HISTOGRAM = "perfplug_request_duration_seconds"


def samples(*cases: Case, **changes: Any) -> list[Sample]:
    """Read back by prometheus_client's own parser, which refuses what Prometheus would."""
    text = PrometheusReport().render(builders.report(*cases, **changes))
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def value(seen: Iterable[Sample], name: str, **labels: str) -> float:
    (found,) = (one.value for one in seen if one.name == name and labels.items() <= one.labels.items())
    return float(found)


def identity(sample: Sample) -> tuple[object, ...]:
    return sample.name, tuple(sorted(sample.labels.items()))


def live() -> Figures:
    one = builders.histogram([0.02])
    return Figures(
        test="t", name="n", users=1, seconds=1.0, requests=1, errors={}, latency=one, delay=one, late=one,
        busy=0.1, in_flight=3,
    )  # fmt: skip


def test_a_load_has_its_counts_and_its_clients_state() -> None:
    result = builders.result(errors={"timeout": 20, "reset": 1})
    seen = samples(builders.case(builders.judged(verdict=Verdict.FAIL), result=result))
    assert value(seen, "perfplug_requests_total") == 2021
    assert value(seen, "perfplug_request_errors_total", **{"class": "timeout"}) == 20
    assert value(seen, "perfplug_request_errors_total", **{"class": "dns"}) == 0
    assert value(seen, f"{HISTOGRAM}_count") == 2000
    assert value(seen, f"{HISTOGRAM}_sum") == pytest.approx(result.mean * 2000)
    assert value(seen, "perfplug_users") == result.plan.load.users
    assert value(seen, "perfplug_client_busy_ratio") == result.client.busy
    assert value(seen, "perfplug_client_delay_seconds", quantile="0.99") == result.client.delay.quantile(0.99)
    assert value(seen, "perfplug_verdict", verdict="FAIL") == 1
    assert value(seen, "perfplug_verdict", verdict="PASS") == 0
    assert value(seen, "perfplug_run_start_timestamp_seconds") == result.started_at


def test_a_load_without_a_good_request_has_no_quantiles_of_nothing() -> None:
    seen = samples(builders.case(result=builders.result(good=0, errors={"timeout": 3}, slices=())))
    assert value(seen, f"{HISTOGRAM}_bucket", le="+Inf") == 0
    assert value(seen, "perfplug_requests_total") == 3


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(1e-6, 200.0) | st.sampled_from(BOUNDS), max_size=60))
def test_each_bucket_counts_the_requests_up_to_its_bound(times: list[float]) -> None:
    figures = dataclasses.replace(live(), latency=builders.histogram(times))
    family = next(one for one in families([figures]) if one.name == HISTOGRAM)
    counts = {float(one.labels["le"]): one.value for one in family.samples if one.name.endswith("_bucket")}
    assert counts[float("inf")] == len(times)
    for bound in BOUNDS:
        # The recorded times have three digits, but never less than a microsecond.
        blur = max(bound * 1e-3, 1e-6)
        assert (
            sum(time < bound - blur for time in times) <= counts[bound] <= sum(time <= bound + blur for time in times)
        )


def test_limits_that_people_write_are_bounds_and_no_two_are_far_apart() -> None:
    assert {0.001, 0.005, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0} <= set(BOUNDS)
    assert all(1.0 < high / low < 1.7 for low, high in itertools.pairwise(BOUNDS))


@settings(deadline=None, max_examples=80)
@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20)), min_size=1, max_size=4))
def test_any_text_is_a_label_and_adds_no_series(texts: list[tuple[str, str]]) -> None:
    result = builders.result(good=5)
    cases = [builders.case(test=test, result=dataclasses.replace(result, name=name)) for test, name in texts]
    seen, of_one = samples(*cases), samples(builders.case(result=result))
    assert len(set(map(identity, seen))) == len(seen) == 1 + len(texts) * (len(of_one) - 1)
    assert all(text.isprintable() for one in seen for text in one.labels.values())


@pytest.mark.parametrize("text", ['x"} 1\nperfplug_users{a="', "\\", "\\n", "a\x00b\r\n::error::x", "#HELP", "\ud800"])
def test_hostile_text_stays_in_its_label(text: str) -> None:
    seen = samples(builders.case(test=text))
    (users,) = (one for one in seen if one.name == "perfplug_users")
    assert set(users.labels) == {"test", "name"}
    assert users.labels["test"].isprintable()


def test_long_texts_are_cut_and_what_becomes_the_same_is_numbered() -> None:
    long = "x" * 5000
    seen = samples(*(builders.case(test="t", result=builders.result(good=1, name=long + end)) for end in "abc"))
    names = [one.labels["name"] for one in seen if one.name == "perfplug_users"]
    assert len(set(names)) == 3
    assert all(len(name) < 210 for name in names)


def test_no_secret_is_in_a_label() -> None:
    result = builders.result(good=5, name="load of s3cr3t-1")
    headers = (("Authorization", "Bearer s3cr3t-1"), ("X-T", "s3cr3t-3"))
    request = Request(url="http://127.0.0.1:8000/x?token=s3cr3t-2", headers=headers)
    result = dataclasses.replace(result, plan=dataclasses.replace(result.plan, request=request))
    case = builders.case(test="test_a[s3cr3t-3-s3cr3t-2]", result=result)
    text = PrometheusReport().render(builders.report(case, secret_headers=("x-t",)))
    assert "test_a[***-***]" in text
    assert "s3cr3t" not in text


def test_the_runners_target_is_a_label_without_its_query() -> None:
    request = Request(url="http://127.0.0.1:8000/items?page=7&at=1700000000")
    assert target_label(request, redactor([request])) == "http://127.0.0.1:8000/items"
    result = builders.result(good=5)
    result = dataclasses.replace(result, plan=dataclasses.replace(result.plan, request=request))
    seen = samples(builders.case(test=request.url, result=result, file=None, line=None))
    assert {one.labels["test"] for one in seen if "test" in one.labels} == {"http://127.0.0.1:8000/items"}


def test_the_document_has_every_metric_with_its_type_and_labels() -> None:
    documented = {}
    for name, kind, labels in re.findall(
        r"^\| `(perfplug_\w+)` \| (\w+) \| ([^|]*)\|", DOCUMENT.read_text(), re.MULTILINE
    ):
        documented[name] = kind, set(re.findall(r"`(\w+)`", labels))
    over = dataclasses.replace(live(), started_at=1.0, cpu_seconds=1.0, valid=True, verdict=Verdict.PASS)
    made = {}
    for family in families([over]):
        labels = {label for one in family.samples for label in one.labels} - {"test", "name"}
        made[family.name + ("_total" if family.type == "counter" else "")] = family.type, labels
    assert made == documented


def test_every_class_of_error_is_there_from_the_beginning() -> None:
    seen = [one for family in families([live()]) for one in family.samples]
    assert {one.labels["class"] for one in seen if "class" in one.labels} == set(ERROR_CLASSES)


@pytest.mark.parametrize(
    ("url", "base", "job", "group"),
    [
        ("http://gw:9091", "http://gw:9091/", "perfplug", {}),
        ("https://joe:hunter22@gw/", "https://gw/", "perfplug", {}),
        ("http://gw:9091/prefix/", "http://gw:9091/prefix", "perfplug", {}),
        ("http://gw:9091/metrics/job/nightly", "http://gw:9091", "nightly", {}),
        ("http://gw:9091/p/metrics/job/a%20b/branch/main/", "http://gw:9091/p", "a b", {"branch": "main"}),
    ],
)
def test_a_gateway_is_named_by_itself_or_with_a_group(url: str, base: str, job: str, group: dict[str, str]) -> None:
    gateway = parse_gateway(url, where="here")
    assert (gateway.base.rstrip("/"), gateway.job, gateway.group) == (base.rstrip("/"), job, group)
    assert "hunter22" not in repr(gateway)


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("gw:9091", "write 'http://gw:9091'"),
        ("ftp://joe:hunter22@gw/", "the scheme 'ftp' is not one of"),
        ("http+unix://%2Fx.sock/", "is not a push gateway"),
        ("http://gw:9091/?a=1", "is not a push gateway"),
        ("http://gw:9091/metrics/", "is not a group of a push gateway"),
        ("http://gw:9091/metrics/job/a/branch", "is not a group of a push gateway"),
        ("http://gw:9091/metrics/job/a/name/x", "'name' is a label of the metrics themselves"),
        ("http://gw:9091/metrics/job/a/b-c/x", "'b-c' is not the name of a label"),
    ],
)
def test_what_is_no_gateway_is_a_usage_error(url: str, complaint: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_gateway(url, where="--prometheus-push")
    assert str(error.value).startswith("--prometheus-push: ")
    assert complaint in str(error.value)
    assert "hunter22" not in str(error.value)


def test_a_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    need("prometheus", where="here")
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(
        UsageError, match=r"^here: needs prometheus_client, .*pip install 'pytest-perfplug\[prometheus\]'"
    ):
        need("prometheus", where="here")
