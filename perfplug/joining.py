"""Several reports as one: loads that are the same are merged, all others stand side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from perfplug.measurement import workload
from perfplug.merging import merged
from perfplug.report import Case, Report
from perfplug.sla import judge, overall


def joined(reports: Sequence[Report]) -> Report:
    """At least one report. Loads of the same test, name, work and limits become one: counts and histograms are added
    up exactly, timelines put one after the other, and the limits judged again on all of it. Their comparisons were
    each run's own: those of the most alarming run stay.
    """
    if len(reports) == 1:
        return reports[0]
    rows: dict[str, list[Case]] = {}
    for report in reports:
        for case in report.cases:
            rows.setdefault(_key(case), []).append(case)
    return Report(
        environment=_environment([report.environment for report in reports]),
        cases=tuple(_case(row) for row in rows.values()),
        secret_headers=tuple(dict.fromkeys(name for report in reports for name in report.secret_headers)),
    )


def _key(case: Case) -> str:
    limits = [(judged.limit.metric, judged.limit.op, judged.limit.value) for judged in case.judged]
    result = case.result
    # What was never reached has nothing to add up, and must not vanish among what was.
    reached = result.unreachable is None and result.requests > 0
    what = [case.test, result.name, result.plan.request.url, workload(result), result.plan.thresholds, limits, reached]
    return json.dumps(what, sort_keys=True)


def _case(row: Sequence[Case]) -> Case:
    """The cases of one key. Without a measurement, the first stands for all."""
    first = row[0]
    if len(row) == 1 or not first.result.requests:
        return first
    in_order = sorted(row, key=lambda case: case.result.started_at)
    result = merged([case.result for case in in_order])
    judged = tuple(judge(result, [one.limit for one in first.judged]))
    whole = Case.of(first.test, result, judged, file=first.file, line=first.line)
    worst = max(row, key=lambda case: _alarm(case))
    return whole.compared(worst.comparison) if worst.comparison else whole


def _alarm(case: Case) -> int:
    verdict = overall(case.comparison)
    return list(type(verdict)).index(verdict) if case.comparison else -1


def _environment(each: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """What they have in common; what differs is None, which in a fingerprint is what is not known."""
    keys = dict.fromkeys(key for one in each for key in one)
    first = each[0]
    same = {key: first.get(key) if all(one.get(key) == first.get(key) for one in each) else None for key in keys}
    # A result's schema has no place for several versions of perfplug: the last one read and wrote.
    return {**same, "perfplug": each[-1].get("perfplug")}
