"""The HTML report in a real browser: every graph is drawn, nothing is complained of, nothing is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chromium import Page, browser

from perfplug import engine
from perfplug.plan import Load, Plan, Request
from perfplug.report import Case, Report
from perfplug.report.html_report import HtmlReport
from perfplug.sla import Verdict, judge, parse_limits, thresholds

FIGURES = 4  # of a load
# Painted pixels of each canvas: a blank one has none.
PAINTED = """
[...document.querySelectorAll("figure canvas")].map(canvas => {
  const copy = document.createElement("canvas");
  copy.width = canvas.width;
  copy.height = canvas.height;
  const context = copy.getContext("2d", {willReadFrequently: true});
  context.drawImage(canvas, 0, 0);
  const {data} = context.getImageData(0, 0, copy.width, copy.height);
  let painted = 0;
  for (let at = 3; at < data.length; at += 4) painted += data[at] > 0;
  return painted;
})
"""
NARROW = "document.documentElement.scrollWidth <= innerWidth"

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def tab() -> Iterator[Page]:
    with browser() as page:
        yield page


@pytest.fixture
def open_page(tab: Page, tmp_path: Path) -> Open:
    def open_it(*cases: Case, **look: Any) -> Page:
        path = tmp_path / "report.html"
        path.write_text(HtmlReport().render(Report(environment={"cpu": "a CPU"}, cases=cases)), encoding="utf-8")
        for seen in (tab.console, tab.errors, tab.requests):
            seen.clear()
        tab.look(**{"width": 1280, **look})
        tab.open(path.as_uri())
        tab.settle()
        return tab

    return open_it


@pytest.fixture
def measure(serve: Callable[..., Any]) -> Callable[..., Case]:
    """A load on a real server, judged."""
    server = serve()

    def run(*, users: int = 4, duration: float | None = None, requests: int | None = None, path: str = "/ok") -> Case:
        limits = parse_limits({"p95": "100ms", "error_rate": "10%"}, where="test")
        plan = Plan(
            request=Request(url=server.url(path), name=f"GET {path}"),
            load=Load(users=users, duration=duration, requests=requests),
            thresholds=thresholds(limits),
        )
        result = engine.run(plan, name=plan.request.name)
        return Case.of(f"tests/test_it.py::test_{users}_users", result, tuple(judge(result, limits)))

    return run


def quiet(page: Page) -> bool:
    assert (page.console, page.errors) == ([], [])
    return all(url.startswith("file:") and url.endswith("/report.html") for url in page.requests)


def test_every_graph_of_a_three_second_run_is_drawn_and_nothing_is_loaded(
    open_page: Open, measure: Callable[..., Case]
) -> None:
    page = open_page(measure(duration=3.0))
    painted = page.evaluate(PAINTED)
    assert len(painted) == FIGURES
    assert min(painted) > 500
    assert (
        len(page.evaluate("JSON.parse(document.getElementById('data').textContent).loads['load-1'].timeline.good")) > 20
    )
    assert quiet(page)
    assert len(page.requests) == 1


def test_loads_at_several_levels_are_drawn_side_by_side(open_page: Open, measure: Callable[..., Case]) -> None:
    page = open_page(*(measure(users=users, requests=300) for users in (1, 2, 4)))
    painted = page.evaluate(PAINTED)
    assert len(painted) == 3 * FIGURES + 2 + 1  # each load, throughput and latency by level, phases
    assert min(painted) > 300
    assert quiet(page)


def test_hovering_zooming_and_hiding_lines_work(open_page: Open, measure: Callable[..., Case]) -> None:
    page = open_page(measure(requests=2000))
    before = "document.querySelector('figure .u-legend .u-value').textContent"
    hover = """
    const over = document.querySelector("figure .u-over"), box = over.getBoundingClientRect();
    const at = (kind, x) => over.dispatchEvent(new MouseEvent(kind,
      {bubbles: true, view: window, clientX: box.left + x * box.width, clientY: box.top + box.height / 2}));
    """
    assert page.evaluate(before) == "–"
    page.evaluate(f"(() => {{ {hover} at('mouseenter', .5); at('mousemove', .5); }})()")
    page.settle()
    assert page.evaluate(before).endswith("%")
    plain = page.evaluate(PAINTED)[0]
    page.evaluate("document.querySelectorAll('figure')[0].querySelectorAll('.u-series th')[1].click()")
    page.settle()
    assert page.evaluate("document.querySelectorAll('figure')[0].querySelectorAll('.u-off').length") > 0
    assert page.evaluate(PAINTED)[0] != plain
    page.evaluate("document.querySelector('figcaption button').click()")  # a logarithmic axis
    page.settle()
    assert page.evaluate(PAINTED)[0] > 500
    assert quiet(page)


def test_it_is_dark_in_the_dark_and_the_button_turns_the_light_on(
    open_page: Open, measure: Callable[..., Case]
) -> None:
    page = open_page(measure(requests=200), dark=True)
    background = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(background)
    page.evaluate("document.getElementById('theme').click()")
    page.settle()
    assert (dark, page.evaluate(background)) == ("rgb(20, 23, 26)", "rgb(255, 255, 255)")
    assert min(page.evaluate(PAINTED)) > 300
    assert quiet(page)


def test_on_a_phone_the_page_is_no_wider_than_the_screen(open_page: Open, measure: Callable[..., Case]) -> None:
    page = open_page(measure(requests=200), width=390, height=800)
    assert page.evaluate(NARROW)
    assert min(page.evaluate(PAINTED)) > 300


def test_on_paper_closed_loads_are_opened_and_drawn(open_page: Open, measure: Callable[..., Case]) -> None:
    page = open_page(*(replace(measure(requests=200), judged=(), verdict=Verdict.PASS) for _ in range(9)))
    assert page.evaluate("document.querySelectorAll('details.load[open]').length") == 0
    assert page.pdf().startswith(b"%PDF")
    assert page.evaluate("document.querySelectorAll('details.load[data-drawn]').length") == 9
    assert page.evaluate("document.querySelectorAll('details.load[open]').length") == 0
    assert quiet(page)


def test_the_table_can_be_sorted_and_filtered(open_page: Open, measure: Callable[..., Case]) -> None:
    few, many = measure(users=1, requests=100), measure(users=2, requests=300)
    page = open_page(few, many)
    sort = "[...document.querySelectorAll('#loads th')].find(th => th.textContent === 'requests').click()"
    column = "[...document.querySelectorAll('#loads tbody tr')].map(row => row.cells[1].textContent)"
    page.evaluate(sort)
    assert page.evaluate(column) == ["100", "300"]
    page.evaluate(sort)
    assert page.evaluate(column) == ["300", "100"]
    shown = "[...document.querySelectorAll('#limits tbody')].filter(group => !group.hidden).length"
    for button in range(page.evaluate("document.querySelectorAll('[data-verdict]').length")):
        page.evaluate(f"document.querySelectorAll('[data-verdict]')[{button}].click()")
        assert 1 <= page.evaluate(shown) <= 2
    assert quiet(page)


def test_text_that_would_be_a_script_runs_nowhere(open_page: Open, measure: Callable[..., Case]) -> None:
    hostile = "</script><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
    made = measure(requests=50)
    case = Case.of(hostile, made.result, made.judged, file=hostile, line=1)
    page = open_page(case)
    assert page.evaluate("document.title") != "taken"
    assert hostile in page.evaluate("document.body.textContent")
    assert quiet(page)
