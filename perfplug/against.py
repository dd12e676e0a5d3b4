"""A session's loads against a base: each is measured on both sides and compared before its test goes on.

A test's verdict must stand when it ends, before the others have run. So the job's allowance for false alarms is dealt
out beforehand: each test has an equal part, its first load half of that, its second half of the rest, and so on; within
a load Holm's procedure does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from perfplug import ab, comparing, engine
from perfplug.comparing import Compared
from perfplug.hosts import check_allowed
from perfplug.paired import Allowance
from perfplug.plan import Plan
from perfplug.result import Result


class Against:
    """``tests`` is how many of the session's tests may run loads; ``pairs`` and ``block`` None are the usual ones."""

    def __init__(
        self, base_url: str, *, tests: int, pairs: int | None, block: int | None, allow_hosts: Sequence[str]
    ) -> None:
        self._base_url = base_url
        self._tests = max(tests, 1)
        self._pairs = ab.PAIRS if pairs is None else pairs
        self._block = block
        self._allow_hosts = tuple(allow_hosts)

    def measure(
        self,
        plan: Plan,
        *,
        head_url: str | None,
        name: str,
        earlier: int,
        regression: float | None,
        on_progress: Callable[[str], None] | None,
    ) -> tuple[Result, tuple[Compared, ...]]:
        """The head's result and its comparison. ``head_url`` is what the suite's paths are relative to: a load that
        goes elsewhere has no base, and is run as ever. ``earlier``: loads of the same test before this one.

        Raises what :func:`perfplug.ab.run` does.
        """
        base = None if head_url is None else ab.rebased(plan, head_url, self._base_url)
        if base is None:
            why = "its URL does not lie below the base URL of the suite"
            return engine.run(plan, name=name), comparing.unavailable(why, against="base")
        check_allowed(base.request.origin.host, self._allow_hosts)
        outcome = ab.run(
            base,
            plan,
            ab.Design(pairs=self._pairs, block=self._block, allowance=_allowance(regression)),
            name=name,
            share=self._share(earlier),
            on_progress=None if on_progress is None else lambda progress: on_progress(progress.words),
        )
        return outcome.head, outcome.comparison

    def _share(self, earlier: int) -> float:
        """Halves of a test's part: the first load's, the second's, ..."""
        return float(0.5 ** (earlier + 1)) / self._tests


def _allowance(regression: float | None) -> Allowance:
    return Allowance() if regression is None else Allowance(margin=regression, tolerance=regression)
