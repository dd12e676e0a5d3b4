"""The CSV is a table for spreadsheets, in which no text is a formula."""

from __future__ import annotations

import csv
import io

import builders
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfplug.report import Case
from perfplug.report.csv_report import COLUMNS, CsvReport
from perfplug.sla import Verdict


def render(*cases: Case) -> list[dict[str, str]]:
    text = CsvReport().render(builders.report(*cases))
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert all(tuple(row) == COLUMNS for row in rows)
    return rows


def test_each_load_is_a_row_of_figures_in_seconds() -> None:
    result = builders.result(errors={"timeout": 20})
    failed = builders.judged("p99", Verdict.FAIL)
    first, second = render(builders.case(builders.judged(), failed, result=result), builders.case(judged=()))
    assert (first["requests"], first["ok"], first["errors"]) == ("2020", "2000", "20")
    assert float(first["p99_9"]) == result.p99_9
    assert float(first["error_rate"]) == result.error_rate
    assert first["limits"] == "p95 < 100 ms: PASS; p99 < 100 ms: FAIL"
    assert (first["verdict"], second["verdict"], second["limits"]) == ("FAIL", "PASS", "")


def test_times_of_no_requests_are_empty() -> None:
    [row] = render(builders.case(result=builders.result(good=0, slices=())))
    assert (row["p50"], row["max"], row["client_delay_p99"], row["throughput"]) == ("", "", "", "0.0")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "  =1", "\t=1", "\r\n=1", "＝1"])
def test_what_could_begin_a_formula_is_text(text: str) -> None:
    [row] = render(builders.case(test=text))
    assert not row["test"].lstrip().startswith(("=", "+", "-", "@", "＝", "\t", "\r"))


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=30))
def test_any_text_from_outside_stays_in_its_cell(text: str) -> None:
    [row] = render(builders.case(test=f"t{text}", result=builders.result(good=5, name=f"n{text}")))
    assert row["verdict"] == "PASS" and row["client_valid"] == "true"
    assert row["test"].startswith("t") and row["name"].startswith("n")
