"""JUnit XML of our own: a testsuite for each load, a testcase for each of its limits and comparisons.

Which are ``failure``, which ``skipped`` is told by :mod:`perfplug.report.outcome`; both have one readable message.
``file`` and ``line`` (1-based) stand at the testcase, where the readers that know them look.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Mapping
from xml.etree import ElementTree as ET

from perfplug.report import Case, Report
from perfplug.report.escape import printable
from perfplug.report.outcome import Outcome, State, outcomes
from perfplug.report.redact import Redactor
from perfplug.result import Result

_TAGS = {State.FAILED: "failure", State.SKIPPED: "skipped"}


class JunitReport:
    """The :class:`perfplug.report.Reporter` of JUnit XML. ``strict``: INCONCLUSIVE is a failure too."""

    def __init__(self, *, strict: bool = False) -> None:
        self._strict = strict

    def render(self, report: Report) -> str:
        redact = report.redactor()
        root = ET.Element("testsuites", name="perfplug")
        for case in report.cases:
            root.append(_Suite(case, report.environment, redact, self._strict).element())
        for total in ("tests", "failures", "errors"):
            root.set(total, str(sum(int(suite.get(total, "0")) for suite in root)))
        root.set("time", _seconds(sum(case.result.finished for case in report.cases)))
        ET.indent(root)
        return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


class _Suite:
    """One case as a testsuite element."""

    def __init__(self, case: Case, environment: Mapping[str, object], redact: Redactor, strict: bool) -> None:
        self._case = case
        self._environment = environment
        self._redact = redact
        self._strict = strict

    def element(self) -> ET.Element:
        case = self._case
        cases = [self._testcase(outcome) for outcome in outcomes(case, strict=self._strict)]
        suite = ET.Element("testsuite", name=self._text(f"{case.test} [{case.result.name}]"))
        suite.set("tests", str(len(cases)))
        suite.set("failures", str(sum(item.find("failure") is not None for item in cases)))
        suite.set("errors", "0")
        suite.set("skipped", str(sum(item.find("skipped") is not None for item in cases)))
        suite.set("time", _seconds(case.result.finished))
        suite.set("timestamp", _timestamp(case.result.started_at))
        suite.append(self._properties())
        suite.extend(cases)
        return suite

    def _testcase(self, outcome: Outcome) -> ET.Element:
        case = self._case
        name = self._text(f"{case.test} [{case.result.name}] {outcome.what}")
        testcase = ET.Element("testcase", classname=self._text(_classname(case)), name=name)
        if case.file is not None:
            testcase.set("file", self._text(case.file))
        if case.line is not None:
            testcase.set("line", str(case.line))
        testcase.set("time", _seconds(case.result.duration))
        if tag := _TAGS.get(outcome.state):
            message = self._text(outcome.message)
            ET.SubElement(testcase, tag, type=outcome.kind, message=message).text = message
        return testcase

    def _properties(self) -> ET.Element:
        properties = ET.Element("properties")
        for name, value in (*_figures(self._case.result), *self._environment.items()):
            if value is not None:
                ET.SubElement(properties, "property", name=self._text(name), value=self._text(str(value)))
        return properties

    def _text(self, text: str) -> str:
        return printable(self._redact(text))


def _classname(case: Case) -> str:
    """The test's file as a dotted name, as pytest gives it; the runner has one of its own."""
    path, colons, _ = case.test.partition("::")
    return path.removesuffix(".py").replace("/", ".") if colons else "perfplug.run"


def _figures(result: Result) -> Iterable[tuple[str, object]]:
    yield "requests", result.requests
    yield "errors", result.requests - result.ok
    yield "throughput", f"{result.throughput:.6g}"
    if result.latency.count:
        for metric in ("p50", "p90", "p95", "p99", "p99_9", "mean", "max"):
            yield f"latency.{metric}", f"{getattr(result, metric):.6g}"
    yield "client.valid", str(result.client.valid).lower()
    yield "transport", result.transport


def _seconds(value: float) -> str:
    """Milliseconds are all that readers take; nothing but digits and a point."""
    return f"{value:.3f}" if math.isfinite(value) and value >= 0 else "0.000"


def _timestamp(epoch: float) -> str:
    try:
        moment = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc)
    except (OverflowError, ValueError, OSError):
        moment = datetime.datetime.fromtimestamp(0, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S")
