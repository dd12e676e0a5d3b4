"""The baseline file: runs of earlier sessions as JSON, with a schema of its own.

Each run has a time (epoch seconds), a fingerprint, and its loads: what was run, the counts, and the latencies as
compressed histograms, of the whole run and of its contiguous blocks. They are decoded when a comparison needs them, and
blocks only when it needs those, so that a large file is quickly read. Anything that is not as it should be is a
ReportError that names file and place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from perfplug.errors import ReportError
from perfplug.histogram import to_text
from perfplug.measurement import Block, Figures, Measurement, figures, of_result, workload
from perfplug.past import Record
from perfplug.report import Case, Report
from perfplug.report.escape import printable
from perfplug.report.json_report import layout
from perfplug.report.node import Node, read_document
from perfplug.report.redact import redactor

SCHEMA = "perfplug.baseline/1"
RUNS_MAX = 50  # of each load: the newest are kept
_BROKEN_LEVELS = 4  # document, runs, run, loads: a load is one line

Key = tuple[str, str]  # a test and the name of one of its loads


@dataclass(frozen=True, slots=True)
class Run:
    """A session's loads, as they stand in the file."""

    node: Node

    @property
    def at(self) -> float:
        return self.node["at"].number()

    @property
    def environment(self) -> dict[str, object]:
        return {key: item.plain() for key, item in self.node["environment"].items()}

    def loads(self) -> Iterator[tuple[Key, Node]]:
        for load in self.node["loads"].each():
            yield (load["test"].text(), load["name"].text()), load


class Baseline:
    """The runs of a file, the oldest first."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self.runs = tuple(runs)
        self._records: dict[Key, list[Record]] = {}
        for run in runs:
            environment = run.environment
            for key, load in run.loads():
                self._records.setdefault(key, []).append(_record(environment, load))

    @property
    def keys(self) -> tuple[Key, ...]:
        return tuple(self._records)

    def records(self, key: Key) -> Sequence[Record]:
        """The runs of one load, the oldest first; empty when there is none."""
        return self._records.get(key, ())


def key_of(case: Case, secret_headers: Iterable[str] = ()) -> Key:
    """Under what a load is kept: the secrets of its own request masked, so that other loads do not change it."""
    redact = redactor([case.result.plan.request], secret_headers)
    return printable(redact(case.test)), printable(redact(case.result.name))


def parse(text: str, *, where: str) -> Baseline:
    """The baseline in `text`. ReportError for what is none."""
    return stored_in(read_document(text, where=where, schemas=(SCHEMA,), what="a baseline"))


def stored_in(root: Node) -> Baseline:
    """The same, of a document that was already read."""
    return Baseline([Run(node) for node in root["runs"].each()])


def render(earlier: Baseline | None, report: Report, cases: Sequence[Case]) -> str:
    """The file with one run more. Of each load the newest :data:`RUNS_MAX` are kept."""
    new = {
        "at": report.started_at,
        "environment": dict(report.environment),
        "loads": [_load(case, key_of(case, report.secret_headers)) for case in cases],
    }
    old = [run.node.raw() for run in earlier.runs] if earlier is not None else []
    return layout({"schema": SCHEMA, "runs": _trimmed([*old, new])}, _BROKEN_LEVELS) + "\n"


def _load(case: Case, key: Key) -> dict[str, object]:
    measured = of_result(case.result)
    return {
        "test": key[0],
        "name": key[1],
        "workload": workload(case.result),
        "requests": measured.requests,
        "ok": measured.ok,
        "duration": measured.duration,
        "latency": to_text(measured.latency),
        "blocks": [
            {
                "width": block.width,
                "requests": block.requests,
                "errors": block.errors,
                "histogram": to_text(block.latency),
            }
            for block in measured.blocks
        ],
    }


def _trimmed(runs: Sequence[object]) -> list[object]:
    """Without the oldest of each load beyond the most that are kept, and without runs that are left empty."""
    seen: dict[Key, int] = {}
    kept: list[object] = []
    for run in reversed(runs):
        assert isinstance(run, dict)  # read with a schema, or made here
        loads = []
        for load in run["loads"]:
            key = (load["test"], load["name"])
            seen[key] = seen.get(key, 0) + 1
            if seen[key] <= RUNS_MAX:
                loads.append(load)
        if loads:
            kept.append({**run, "loads": loads})
    return kept[::-1]


def _record(environment: Mapping[str, object], load: Node) -> Record:
    def decoded(metrics: tuple[str, ...], errors: bool) -> Figures:
        return _figures(load, metrics, errors)

    plain = {key: item.raw() for key, item in load["workload"].items()}
    return Record(environment=environment, workload=plain, figures=decoded)


def _figures(load: Node, metrics: tuple[str, ...], errors: bool) -> Figures:
    blocks = tuple(_block(block) for block in load["blocks"].each()) if errors else ()
    measured = Measurement(
        requests=load["requests"].count(),
        ok=load["ok"].count(),
        duration=load["duration"].number(),
        latency=load["latency"].histogram(),
        blocks=blocks,
    )
    if measured.latency.count != measured.ok or measured.ok > measured.requests:
        raise ReportError(f"{load.place}: the counts contradict each other: each good request has a latency")
    if errors and sum(block.requests for block in blocks) != measured.requests:
        raise ReportError(f"{load.place}: the counts contradict each other: its blocks are not the whole run")
    return figures(measured, metrics, errors=errors)


def _block(node: Node) -> Block:
    block = Block(
        width=node["width"].number(),
        requests=node["requests"].count(),
        errors=node["errors"].count(),
        latency=node["histogram"].histogram(),
    )
    if block.requests != block.errors + block.latency.count:
        raise ReportError(f"{node.place}: the counts contradict each other: requests are not good ones plus errors")
    return block
