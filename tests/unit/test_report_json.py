"""The result JSON keeps to its schema, holds everything, and can be read back."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
from importlib import resources
from pathlib import Path
from typing import Any

import builders
import pytest
from hdrh.histogram import HdrHistogram
from jsonschema import Draft202012Validator

from perfplug.errors import ReportError
from perfplug.plan import Load, Think
from perfplug.report import Report
from perfplug.report.json_report import JsonReport
from perfplug.report.load import load_report, parse_report
from perfplug.sla import Verdict

SCHEMA: dict[str, Any] = json.loads(resources.files("perfplug.report").joinpath("result.schema.json").read_text())


def closed(schema: Any) -> Any:
    """The schema with every object that describes its fields closed to others."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    if "properties" in schema and isinstance(schema.get("type"), str):
        inner.setdefault("additionalProperties", False)
    return inner


def check(report: Report) -> dict[str, Any]:
    """The report as it is read from JSON, which keeps to the closed schema."""
    document: dict[str, Any] = json.loads(JsonReport().render(report))
    Draft202012Validator(closed(SCHEMA)).validate(document)
    return document


def the_run(**changes: Any) -> dict[str, Any]:
    run: dict[str, Any] = check(builders.report(builders.case(**changes)))["runs"][0]
    return run


def test_the_shipped_schema_is_a_schema_and_open_to_later_fields() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    document = check(builders.report())
    document["runs"][0]["later"] = 1
    Draft202012Validator(SCHEMA).validate(document)
    assert not Draft202012Validator(closed(SCHEMA)).is_valid(document)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"file": None, "line": None, "judged": ()},
        {"result": builders.result(good=0, errors={"timeout": 3}, slices=())},
        {"result": builders.result(good=0, slices=(), interrupted=True, duration=0.0)},
        {
            "result": builders.result(good=0, errors={"dns": 9}, unreachable="x does not resolve"),
            "verdict": Verdict.INVALID,
        },
        {"result": builders.result(client=builders.client(valid=False, causes=("client_ports",)))},
        {"result": builders.result(plan=builders.plan(load=Load(requests=5, rate=2.5, arrivals="poisson")))},
        {"result": builders.result(plan=builders.plan(load=Load(requests=5, think=Think(kind="fixed", low=1.0))))},
    ],
    ids=["plain", "runner", "failed", "empty", "unreachable", "invalid", "open", "think"],
)
def test_every_kind_of_result_keeps_to_the_schema(changes: dict[str, Any]) -> None:
    run = the_run(**changes)
    assert run["requests"] == run["ok"] + sum(run["errors"].values())


def test_nan_and_infinity_are_null_and_so_are_figures_of_nothing() -> None:
    odd = builders.judged(observed=math.inf, low=math.nan, high=math.inf)
    run = the_run(judged=(odd,), result=builders.result(good=0, slices=()))
    assert [run["sla"][0][key] for key in ("observed", "low", "high")] == [None, None, None]
    assert run["latency"]["p99.9"] is None
    assert run["latency"]["count"] == 0


def test_figures_are_seconds_and_agree_with_the_result() -> None:
    result = builders.result()
    run = the_run(result=result)
    latency = run["latency"]
    assert latency["p95"] == result.p95
    assert latency["p99.9"] == result.p99_9
    assert (latency["min"], latency["max"], latency["mean"]) == (result.min, result.max, result.mean)
    assert run["throughput"] == result.throughput


def test_other_hdr_tools_can_read_the_histograms() -> None:
    result = builders.result()
    other = HdrHistogram.decode(the_run(result=result)["latency"]["histogram"])
    assert other.get_total_count() == result.ok
    assert other.get_value_at_percentile(95) / 1e6 == pytest.approx(result.p95, rel=2e-3)


def test_the_timeline_adds_up_to_the_run() -> None:
    run = the_run()
    assert sum(row["requests"] for row in run["timeline"]) == pytest.approx(run["requests"], abs=9)
    assert run["timeline"][0]["throughput"] == run["timeline"][0]["requests"]
    assert run["timeline"][-1]["p99"] is None


def test_what_was_written_reads_back_as_the_same_report(tmp_path: Path) -> None:
    wide = builders.judged("p99_9", Verdict.INCONCLUSIVE, high=math.inf, needed=9000, cause="too few")
    bare = builders.judged("max", low=None, high=None)
    report = builders.report(
        builders.case(builders.judged(), wide, bare),
        builders.case(judged=(), verdict=Verdict.PASS, file=None, line=None),
    )
    path = tmp_path / "result.json"
    path.write_text(JsonReport().render(report))
    again = load_report(path)
    assert again.environment == report.environment
    for old, new in zip(report.cases, again.cases, strict=True):
        assert (new.test, new.judged, new.verdict, new.file, new.line) == (
            old.test, old.judged, old.verdict, old.file, old.line,
        )  # fmt: skip
        assert new.result.plan == old.result.plan
        assert new.result.latency.buckets() == old.result.latency.buckets()
        assert new.result.p99 == pytest.approx(old.result.p99, rel=1e-3)
        counts = ("sent", "cancelled", "requests", "ok", "errors", "statuses", "over", "duration", "interrupted")
        assert [getattr(new.result, name) for name in counts] == [getattr(old.result, name) for name in counts]
        assert [part.requests for part in new.result.slices] == [part.requests for part in old.result.slices]


def test_a_report_read_back_is_written_with_the_same_counts_and_verdicts() -> None:
    first = JsonReport().render(builders.report())
    second = JsonReport().render(parse_report(first, where="first"))
    for document in (old := json.loads(first), new := json.loads(second)):
        Draft202012Validator(closed(SCHEMA)).validate(document)
    for key in ("test", "sla", "load", "errors", "ok", "verdict", "thresholds", "over", "environment"):
        assert old["runs"][0].get(key) == new["runs"][0].get(key)
    assert old["runs"][0]["latency"]["histogram"] == new["runs"][0]["latency"]["histogram"]


def test_a_missing_file_or_folder_is_one_clear_line(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(ReportError, match=r"not read: [A-Z]"):
            load_report(path)


def test_a_file_that_is_not_text_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff\xfe\0")
    with pytest.raises(ReportError, match="not UTF-8"):
        load_report(tmp_path / "x")


WHOLE = JsonReport().render(builders.report())


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.7, 0.99])
def test_a_file_cut_short_is_never_a_verdict(share: float) -> None:
    with pytest.raises(ReportError, match=r"^f: not a result: damaged JSON"):
        parse_report(WHOLE[: int(share * len(WHOLE))], where="f")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[]", "not a result: no 'schema'"),
        ("null", "not a result: no 'schema'"),
        ("{}", "not a result: no 'schema'"),
        ('{"schema": "perfplug.result/2"}', "schema 'perfplug.result/2'; this perfplug reads 'perfplug.result/1'"),
        ('{"schema": ["perfplug.result/1"]}', "this perfplug reads"),
        ('{"schema": "perfplug.result/1"}', "'environment' is missing"),
        ('{"schema": "perfplug.result/1", "environment": {}, "runs": {}}', "f.runs: a list expected"),
        ("[" * 100_000, "damaged JSON"),
        ('{"schema": NaN}', "damaged JSON: NaN is no number"),
        ("9" * 10_000, "damaged JSON"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_other_json_is_refused_with_what_is_wrong(text: str, complaint: str) -> None:
    with pytest.raises(ReportError, match=r"^f") as caught:
        parse_report(text, where="f")
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (("ok",), 1999, "the counts contradict each other"),
        (("requests",), "2000", "runs[0].requests: a whole number from 0 expected, str '2000' found"),
        (("requests",), True, "a whole number from 0 expected"),
        (("duration",), -1.0, "a finite number from 0 expected"),
        (("duration",), None, "runs[0].duration: a number expected, nothing found"),
        (("verdict",), "GREEN", "'PASS' or 'WARN'"),
        (("sla", 0, "verdict"), "FAIL", "the verdict PASS contradicts"),
        (("latency", "histogram"), "AAAA", "runs[0].latency.histogram: not a histogram"),
        (("latency", "count"), 7, "the histogram holds 2000 values"),
        (("latency",), None, "runs[0].latency: an object expected"),
        (("statuses",), {"x": 1}, "'x' is not a status"),
        (("url",), "ftp://x/", "runs[0]: "),
        (("load", "users"), 0, "users: 0"),
        (("client", "valid"), 1, "true or false expected"),
        (("timeline", 0, "over"), 3, "runs[0].timeline[0].over: a list expected"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_damaged_field_is_named_with_its_place(path: tuple[Any, ...], value: object, complaint: str) -> None:
    document = json.loads(WHOLE)
    node = document["runs"][0]
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    with pytest.raises(ReportError) as caught:
        parse_report(json.dumps(document), where="f")
    assert complaint in str(caught.value)


def test_a_missing_field_is_named_whichever_it_is() -> None:
    document = json.loads(WHOLE)
    written_for_people, came_later = {"throughput", "error_rate"}, {"early_stop"}
    for key in set(document["runs"][0]) - written_for_people - came_later:
        damaged = copy.deepcopy(document)
        del damaged["runs"][0][key]
        with pytest.raises(ReportError, match=rf"f\.runs\[0\]: '{key}' is missing"):
            parse_report(json.dumps(damaged), where="f")


def test_a_number_beyond_what_can_be_counted_is_refused() -> None:
    text = WHOLE.replace('"finished": 10.004', '"finished": 1e999')
    assert text != WHOLE
    with pytest.raises(ReportError, match="a finite number from 0"):
        parse_report(text, where="f")


def test_lone_surrogates_do_not_reach_strict_readers() -> None:
    case = dataclasses.replace(builders.case(), test="bad \udc80 name")
    assert json.loads(JsonReport().render(builders.report(case)))["runs"][0]["test"] == "bad \ufffd name"
