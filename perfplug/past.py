"""Which earlier runs a run may be compared with: those of the same load on the same kind of machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from perfplug.environment import COMPARED
from perfplug.measurement import Figures
from perfplug.stats.prediction import RUNS


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An earlier run as it is kept. ``figures(metrics, errors)`` decodes it, and may raise what reading a damaged file
    raises."""

    environment: Mapping[str, object]
    workload: Mapping[str, object]
    figures: Callable[[tuple[str, ...], bool], Figures]


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Earlier runs, the oldest first. ``alike``: enough, and of this machine, so that their own spread says what to
    expect; if not, ``cause`` says why in one phrase, and the newest run has its errors. Without runs, there is nothing
    to compare with at all."""

    runs: tuple[Figures, ...] = ()
    alike: bool = False
    cause: str = ""


def choose(
    records: Sequence[Record],
    environment: Mapping[str, object],
    workload: Mapping[str, object],
    metrics: tuple[str, ...],
) -> Past:
    """Of the records of one load, the oldest first, those to compare with. Raises what ``Record.figures`` does."""
    if not records:
        return Past(cause="it has no run in the baseline")
    same_load = [record for record in records if not _differ(record.workload, workload, workload)]
    if not same_load:
        newest = records[-1].workload
        return Past(cause=f"the load is not the baseline's: {_changes(newest, workload, workload)}")
    here = [record for record in same_load if not _differ(record.environment, environment, COMPARED)]
    if here:
        cause = "" if len(here) >= RUNS else f"{_runs(len(here))} on this machine in the baseline, {RUNS} are needed"
        return Past(runs=_decoded(here, metrics, alike=not cause), alike=not cause, cause=cause)
    newest = same_load[-1].environment
    there = [record for record in same_load if not _differ(record.environment, newest, COMPARED)]
    cause = f"the baseline is of another machine: {_changes(newest, environment, COMPARED)}"
    return Past(runs=_decoded(there, metrics, alike=False), cause=cause)


def _decoded(records: Sequence[Record], metrics: tuple[str, ...], *, alike: bool) -> tuple[Figures, ...]:
    newest = len(records) - 1
    return tuple(record.figures(metrics, not alike and at == newest) for at, record in enumerate(records))


def _differ(then: Mapping[str, object], now: Mapping[str, object], keys: Iterable[str]) -> list[str]:
    return [key for key in keys if then.get(key) != now.get(key)]


def _changes(then: Mapping[str, object], now: Mapping[str, object], keys: Iterable[str]) -> str:
    """ "users 10 then, 15 now"."""
    changed = _differ(then, now, keys)
    return "; ".join(f"{key} {_said(then.get(key))} then, {_said(now.get(key))} now" for key in changed)


def _said(value: object) -> str:
    if isinstance(value, Mapping):
        return " ".join(str(item) for item in value.values())
    return "none" if value is None else str(value)


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"
