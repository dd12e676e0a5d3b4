"""A session's comparisons with a baseline: each load as soon as it is measured, all of them as one family.

A test's verdict must stand when it ends, before the others have run. So Holm's procedure goes on from load to load: it
needs to know how many comparisons there can be, which the baseline and the selected tests tell, and how many were
already decided to be regressions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from perfplug import baseline
from perfplug.baseline_format import Baseline, key_of
from perfplug.comparing import Compared, Pair, compare, unavailable
from perfplug.errors import ReportError
from perfplug.limits import Verdict, canonical
from perfplug.measurement import METRICS, figures, of_result, workload
from perfplug.past import Record, choose
from perfplug.report import Case


class Comparer:
    """Compares with the baseline at `path`; `environment` gives the fingerprint, when it is first needed."""

    def __init__(self, path: Path, environment: Callable[[], Mapping[str, object]]) -> None:
        self._path = path
        self._find_environment = environment
        self._environment: Mapping[str, object] | None = None
        self._baseline: Baseline | None = None
        self._trouble: str | None = None
        self.family = 0  # comparisons that may still come to be decided, of the whole session
        self._read = False

    def plan(self, tests: Mapping[str, Iterable[str]]) -> None:
        """Which tests will run, with the words of their markers. To be told before the first comparison."""
        stored = self._stored()
        if stored is not None:
            self.family = sum(len(compared_metrics(tests[test])) for test, _ in stored.keys if test in tests)

    def compare(
        self, case: Case, *, regression: float | None = None, secret_headers: Iterable[str] = ()
    ) -> tuple[Compared, ...]:
        """The comparisons of a load that is not yet compared. ``regression`` is the test's own tolerance, a share.

        Nothing is raised: what stands in the way of a comparison is its cause. A target that was never reached is not
        compared.
        """
        if case.result.unreachable is not None:
            return ()
        stored = self._stored()
        if stored is None:
            return unavailable(self._trouble or "")
        try:
            pair = pair_of(case, stored.records(key_of(case, secret_headers)), self._here(), regression)
        except ReportError as error:
            return unavailable(str(error))
        (compared,) = compare([pair], family=self.family)
        # A regression is done with; what was not one stays in the family.
        self.family -= sum(one.verdict in (Verdict.FAIL, Verdict.INVALID) for one in compared)
        return compared

    def _here(self) -> Mapping[str, object]:
        if self._environment is None:
            self._environment = self._find_environment()
        return self._environment

    def _stored(self) -> Baseline | None:
        if not self._read:
            self._read = True
            try:
                self._baseline = baseline.load(self._path)
            except ReportError as error:
                self._trouble = str(error)
        return self._baseline


def pair_of(case: Case, records: Sequence[Record], environment: Mapping[str, object], regression: float | None) -> Pair:
    """A load, and those of its earlier runs that it can be compared with. ReportError for damaged ones."""
    metrics = compared_metrics(judged.limit.metric for judged in case.judged)
    return Pair(
        now=figures(of_result(case.result), metrics, errors=True),
        past=choose(records, environment, workload(case.result), metrics),
        metrics=metrics,
        regression=regression,
    )


def compared_metrics(words: Iterable[str]) -> tuple[str, ...]:
    """What always is compared, and the metrics among these words."""
    found = (metric for word in words if (metric := canonical(word)) is not None)
    return tuple(dict.fromkeys([*METRICS, *found]))
