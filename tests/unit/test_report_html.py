"""The HTML report as text: what stands in it without any script, what its policy allows, and how large it gets."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from builders import case, client, judged, plan, report, result

from perfplug.comparing import Compared
from perfplug.errors import UsageError
from perfplug.plan import Load
from perfplug.report import Report, html_library
from perfplug.report.html_report import LARGEST, HtmlReport
from perfplug.sla import Verdict

NEEDS_CLOSING = {"html", "head", "title", "style", "script", "main", "section", "div", "header", "footer", "ul", "dl"}


class Reader(HTMLParser):
    """Texts and attributes, and whether elements that need closing are closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag in NEEDS_CLOSING:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in NEEDS_CLOSING:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("script", "style"):
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.texts)


def rendered(*cases: Any, **changes: Any) -> str:
    return HtmlReport().render(report(*cases, **changes))


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return dict(json.loads(found[1]))


def test_the_verdict_comes_first_and_then_what_does_not_hold() -> None:
    bad = judged(verdict=Verdict.FAIL, observed=0.112, low=0.105, high=0.119)
    text = Reader(rendered(case(bad))).text
    assert text.index("The limit does not hold") < text.index("p95 112 ms (105 ms to 119 ms) is not under 100 ms: FAIL")
    assert text.index("is not under 100 ms") < text.index("95 % interval") < text.index("Each load")


def test_every_test_and_limit_stands_in_the_table_with_its_interval() -> None:
    text = Reader(rendered(case(judged(), judged("p99")), case(judged("max"), test="tests/test_other.py::test_b"))).text
    for words in ("p95 < 100 ms", "p99 < 100 ms", "max < 100 ms", "8.60 ms to 9.20 ms"):
        assert words in text
    assert "tests/ test_ session.py:: test_ session_ status" in text


def test_the_page_is_whole_and_nothing_in_it_points_outwards() -> None:
    reader = Reader(rendered())
    assert reader.open == []
    for name, value in reader.attributes:
        assert name not in ("src", "srcset", "action", "style") and not name.startswith("on")
        assert name != "href" or value.startswith("#") or value == "data:,"


def test_the_policy_allows_exactly_the_scripts_of_the_page() -> None:
    page = rendered()
    policy = next(value for name, value in Reader(page).attributes if value.startswith("default-src 'none'"))
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert len(scripts) == 2
    assert re.findall(r"'sha256-([^']+)'", policy) == hashes
    assert "unsafe-eval" not in policy and "http" not in policy and "connect-src" not in policy


def test_the_library_stands_in_the_page_with_its_licence() -> None:
    page = rendered()
    assert "Permission is hereby granted" in page
    assert "Leon Sorokin" in page


def test_graphs_get_the_whole_distribution_and_the_course_of_a_short_run() -> None:
    load = data_of(rendered())["loads"]["load-1"]
    latency = next(curve["values"] for curve in load["curves"] if curve["name"] == "latency")
    assert len(latency) == 27  # 2,000 requests: 3.3 nines of 8 points
    assert latency == sorted(latency)
    assert len(load["timeline"]["good"]) == 10
    assert load["timeline"]["p50"][-1] is None  # nothing was answered there
    assert [mark["x"] for mark in load["limits"]] == [1.3]
    assert [phase["name"] for phase in load["phases"]][-2:] == ["wait", "receive"]


def test_a_comparison_has_its_table() -> None:
    one = Compared(metric="p95", observed=0.112, baseline=0.1, change=0.12, low=0.08, high=0.16, verdict=Verdict.FAIL)
    text = Reader(rendered(case().compared((one,)))).text
    assert "Comparisons" in text
    assert "100 ms" in text and "112 ms" in text


def test_findings_stand_together_with_the_evidence_of_each_load() -> None:
    spoiled = [
        case(result=result(name=f"GET /{at}", client=client(valid=False, causes=(f"late starts {at}",))))
        for at in range(8)
    ]
    text = Reader(rendered(*spoiled)).text
    assert text.count("The client was a bottleneck") == 1
    assert all(f"late starts {at}" in text for at in range(8))
    assert "3 more" in text


def test_levels_of_one_request_get_graphs_of_their_own() -> None:
    loads = [case(result=result(plan=plan(load=Load(users=users, duration=10.0)))) for users in (20, 5, 10)]
    page = rendered(*loads)
    assert [row["xs"] for row in data_of(page)["levels"]] == [[5, 10, 20]]
    assert "Load levels" in Reader(page).text


def test_a_target_that_was_never_reached_is_a_page_without_graphs() -> None:
    away = result(good=0, unreachable="connection refused: 127.0.0.1:1", slices=(), duration=0.0)
    page = rendered(case(result=away, verdict=Verdict.INVALID))
    assert data_of(page)["loads"] == {}
    assert "connection refused: 127.0.0.1:1" in Reader(page).text


def test_a_report_without_loads_is_a_page_and_no_pass() -> None:
    reader = Reader(HtmlReport().render(Report(environment={}, cases=())))
    assert reader.open == []
    assert "Nothing was measured" in reader.text and "INVALID" in reader.text


def test_many_loads_stay_below_a_megabyte_and_the_alarming_ones_keep_their_graphs() -> None:
    quiet, loud = case(), case(judged(verdict=Verdict.FAIL, observed=0.2))
    page = rendered(*[quiet] * 450, loud)
    assert len(page.encode()) <= LARGEST
    loads = data_of(page)["loads"]
    assert "load-451" in loads
    assert 20 < len(loads) < 451


def test_without_the_library_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(html_library, "_FOLDER", tmp_path)
    with pytest.raises(UsageError, match=r"--perf-html: needs uPlot.*install perfplug again"):
        html_library.library(where="--perf-html")
