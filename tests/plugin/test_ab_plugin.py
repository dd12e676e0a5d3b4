"""--perf-ab-base: every load of a suite on both sides, and its test judged by the comparison."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from suites import SERVERS, Suite

from perfplug.service import Service, started

ReadJson = Callable[..., list[dict[str, Any]]]
FAST = ("--perf-ab-pairs=5", "--perf-ab-block=24")
METRICS = ["p50", "p95", "p99", "throughput", "error_rate"]

# The base URLs are folders of one server: its answers come after so many seconds below /slow..., and at once below /ok.
SOURCE = """
@pytest.mark.performance(p95="5s")
def test_it(perf):
    assert perf.http("{path}", users=2, name="load").requests >= 120
"""


@pytest.fixture
def sides(server_url: str) -> tuple[str, str]:
    """Base URLs with a fast and a slow answer; what a test asks for follows after the "?"."""
    return f"{server_url}/ok", f"{server_url}/slow"


def test_a_slower_head_fails_the_test_in_every_report(
    suite: Suite, sides: tuple[str, str], read_json: ReadJson, pytester: pytest.Pytester
) -> None:
    fast, slow = sides
    result = suite(
        SOURCE.format(path="?seconds=0.01"), f"--perf-base-url={slow}", f"--perf-ab-base={fast}", *FAST,
        "--perf-json=out.json", "--perf-junit=out.xml", "--junitxml=own.xml",
    )  # fmt: skip
    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines([r".*load: p50 .* in the base.*: FAIL.*"])
    [run] = read_json()
    assert [row["metric"] for row in run["comparison"]] == METRICS
    assert run["verdict"] == "FAIL"
    assert [judged["verdict"] for judged in run["sla"]] == ["PASS"]
    p50 = run["comparison"][0]
    assert (p50["verdict"], p50["against"], p50["runs"]) == ("FAIL", "base", 15)
    assert p50["low"] > 0.03 and p50["detectable"] > 0.03
    failed = [
        case.get("name", "")
        for case in ET.parse(pytester.path / "out.xml").iter("testcase")
        if case.find("failure") is not None
    ]
    assert any("p50 against the base" in name for name in failed)
    own = ET.parse(pytester.path / "own.xml")
    assert [case.find("failure") is not None for case in own.iter("testcase")] == [True]
    assert any("p50.change" in item.get("name", "") for item in own.iter("property"))


def test_a_head_that_is_no_worse_passes(suite: Suite, sides: tuple[str, str], read_json: ReadJson) -> None:
    fast, slow = sides
    words = (f"--perf-base-url={fast}", f"--perf-ab-base={slow}", *FAST, "--perf-json=out.json")
    result = suite(SOURCE.format(path="?seconds=0.01"), *words)
    result.assert_outcomes(passed=1)
    [run] = read_json()
    assert run["comparison"][0]["verdict"] == "PASS"
    assert run["comparison"][0]["change"] < 0.0


def test_a_load_that_would_end_by_itself_is_as_long_as_its_blocks(
    suite: Suite, sides: tuple[str, str], read_json: ReadJson
) -> None:
    source = SOURCE.replace("users=2,", 'users=2, duration="auto",').format(path="?x=1")
    words = (f"--perf-base-url={sides[0]}", f"--perf-ab-base={sides[0]}", *FAST, "--perf-json=out.json")
    assert suite(source, *words).ret == 0
    [run] = read_json()
    assert run["requests"] in (120, 360)


def test_a_tests_own_regression_is_its_margin(suite: Suite, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("servers")
    with started(timed(folder, "base", 8)) as base, started(timed(folder, "head", 12)) as head:
        words = (f"--perf-base-url={head.url}", f"--perf-ab-base={base.url}", *FAST)
        suite(SOURCE.format(path="/"), *words).assert_outcomes(failed=1)
        lenient = SOURCE.replace('p95="5s"', 'p95="5s", regression="100%"')
        suite(lenient.format(path="/"), *words).assert_outcomes(passed=1)


def timed(folder: Path, name: str, milliseconds: int) -> Service:
    command = f"{sys.executable} {SERVERS / 'timed.py'} {{port}} --delay-ms {milliseconds}"
    return Service(name=name, command=command, log=folder / f"{name}.log")


def test_a_base_that_is_not_there_fails_the_test_with_one_line(
    suite: Suite, sides: tuple[str, str], dead_url: str
) -> None:
    result = suite(SOURCE.format(path="?x=1"), f"--perf-base-url={sides[0]}", f"--perf-ab-base={dead_url}", *FAST)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["base: *connection refused*"])


def test_a_load_that_goes_elsewhere_is_measured_and_not_compared(
    suite: Suite, sides: tuple[str, str], server_url: str, read_json: ReadJson
) -> None:
    fast, slow = sides
    source = f"""
    def test_it(perf):
        perf.http("{server_url}/status?code=200", requests=30)
    """
    words = (f"--perf-base-url={fast}", f"--perf-ab-base={slow}", *FAST, "--perf-json=out.json")
    result = suite(textwrap.dedent(source), *words)
    assert result.ret == 0
    [run] = read_json()
    assert run["requests"] == 30
    [row] = run["comparison"]
    assert (row["metric"], row["verdict"]) == ("all", "INCONCLUSIVE")
    assert "does not lie below the base URL" in row["cause"]


def test_a_base_on_a_stranger_is_refused(suite: Suite, sides: tuple[str, str]) -> None:
    result = suite(
        SOURCE.format(path="?x=1"), f"--perf-base-url={sides[0]}", "--perf-ab-base=http://example.test", *FAST
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*'example.test' is not allowed*"])


@pytest.mark.parametrize(
    ("word", "complaint"),
    [
        ("--perf-ab-base=nowhere", "--perf-ab-base: 'nowhere' is not an absolute URL*"),
        ("--perf-ab-pairs=x", "--perf-ab-pairs: x is not a whole number from 1 on*"),
        ("--perf-ab-block=0", "--perf-ab-block: 0 is not a whole number from 1 on*"),
    ],
)
def test_options_said_wrongly_are_usage_errors(suite: Suite, word: str, complaint: str) -> None:
    result = suite("def test_it(): pass", word)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{complaint}"])


def test_too_few_pairs_are_named_with_the_test(suite: Suite, sides: tuple[str, str]) -> None:
    result = suite(
        SOURCE.format(path="?x=1"), f"--perf-base-url={sides[0]}", f"--perf-ab-base={sides[1]}", "--perf-ab-pairs=2"
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*test_it: pairs: 2 are too few*"])
