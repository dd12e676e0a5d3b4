"""Limits on how many requests may be at fault, decided as early as can be.

Evidence that may be looked at any time (perfplug.stats.eprocess) says when it is worth trying; an attempt is then
made on fresh requests: a number fixed beforehand, judged as a whole run of that size would be, batches and all. After
an attempt that did not succeed the next needs twice the evidence, and from then on ten times. So for a limit that is
exactly met attempts become rare faster than they add up: for independent requests, their chances of a wrong verdict
sum to less than six tenths of one attempt's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from perfplug import stats
from perfplug.result import Answer
from perfplug.stats import batches, binomial
from perfplug.stats.eprocess import Side, log_evidence
from perfplug.stopping.look import Look

_FIRST = 1.0  # log evidence for the first attempt: e to one
_SECOND, _LATER = math.log(2.0), math.log(10.0)  # more of it for the next
_CLEAN = 2  # attempts to see as many requests as it takes when none is at fault; later ones allow for some
_LEAST = 100  # requests an attempt: ten batches of ten
_DOUBT = 0.3  # an estimate that was looked for is nearer to the limit than it seems
_ROOM = 1.25  # beyond what would just do if the share stayed
_CELLS = 12  # looks in an attempt: enough for its batches
_ANSWERS: dict[Side, Answer] = {"under": "holds", "over": "broken"}


@dataclass(frozen=True, slots=True)
class _Attempt:
    side: Side
    first: int  # of the stretches between looks that belong to it
    size: int  # requests that it takes


class ShareWatch:
    """Watches a share that ``allowed`` (0 < allowed < 1) limits. ``count``: hits and requests of a look.

    Hits show later than others, which would make the first requests look better than they are. Those of a latency show
    after that latency, in flight or not: nothing counts before ``settled`` seconds of measurement. Those that fail may
    take any time: with ``come_late``, "holds" must stand when all have ended, too.
    """

    holds_up = True

    def __init__(
        self,
        allowed: float,
        count: Callable[[Look], tuple[int, int]],
        *,
        settled: float = 0.0,
        come_late: bool = False,
    ) -> None:
        self._allowed = allowed
        self._count = count
        self._settled = settled
        self._come_late = come_late
        self._base: tuple[int, int] | None = None
        self._sizes: list[int] = []  # requests and hits between one look and the next
        self._hits: list[int] = []
        self._size, self._hit = 0, 0  # their sums
        self._wanted: dict[Side, float] = {"under": _FIRST, "over": _FIRST}
        self._tried = 0
        self._attempt: _Attempt | None = None
        self._answer: Answer = "open"

    @property
    def requests(self) -> int:
        return self._size

    def look(self, look: Look) -> Answer:
        if self._answer != "open" or look.elapsed < self._settled:
            return self._answer
        hits, requests = self._count(look)
        if self._base is None:
            self._base = (0, 0) if self._settled == 0.0 else (hits, requests)
        self._add(hits - self._base[0], requests - self._base[1])
        if self._attempt is None:
            self._attempt = self._try()
        else:
            self._go_on(self._attempt)
        return self._answer

    def pause(self, look: Look) -> float | None:
        if self._attempt is None or self._answer != "open" or look.elapsed <= 0.0:
            return None
        rate = max(look.requests, 1) / look.elapsed
        return self._attempt.size / _CELLS / rate

    def finish(self, look: Look) -> Answer:
        """An attempt under way is judged as far as it came: the time was over, whatever it had seen."""
        self.look(look)
        if self._answer == "open" and self._attempt is not None:
            self._conclude(self._attempt)
        if self._answer == "holds" and self._come_late and self._contradicted(look):
            self._answer = "open"
        return self._answer

    def _contradicted(self, look: Look) -> bool:
        """Whether all requests together, those included that were still in flight then, speak against "holds"."""
        hits, size = self._count(look)
        return binomial.decide(hits, size, self._allowed, stats.ALPHA) != "under"

    def _add(self, hits: int, requests: int) -> None:
        """The look's counts, less those of the looks before. A request that ends while counts are read may be seen
        twice, or not yet."""
        size = requests - self._size
        if size <= 0:
            return
        hit = min(size, max(0, hits - self._hit))
        self._sizes.append(size)
        self._hits.append(hit)
        self._size += size
        self._hit += hit

    def _try(self) -> _Attempt | None:
        # Of the other side there is no evidence at all.
        side: Side = "under" if self._hit < self._allowed * self._size else "over"
        if log_evidence(self._hit, self._size, self._allowed, side) < self._wanted[side]:
            return None
        self._tried += 1
        return _Attempt(side, len(self._sizes), max(_LEAST, self._plan(side)))

    def _plan(self, side: Side) -> int:
        """Of the next attempt: as many as decide if the share stays about as it is."""
        effect = batches.design_effect(self._sizes, self._hits) if len(self._sizes) > 1 else 1.0
        if side == "under" and self._tried <= _CLEAN:
            return math.ceil(effect * binomial.clean_size(self._allowed, stats.ALPHA))
        expected = (1.0 - _DOUBT) * self._hit + _DOUBT * self._allowed * self._size
        growth = binomial.growth_to_decide(expected, self._size, self._allowed, stats.ALPHA) or 1.0
        return math.ceil(effect * _ROOM * growth * self._size)

    def _go_on(self, attempt: _Attempt) -> None:
        hits, size = sum(self._hits[attempt.first :]), sum(self._sizes[attempt.first :])
        hopeless = (
            attempt.side == "under"
            and binomial.upper_bound(hits, max(attempt.size, size), stats.ALPHA) >= self._allowed
        )
        if hopeless:
            self._give_up(attempt)
        elif size >= attempt.size and len(self._sizes) - attempt.first >= batches.MANY:
            self._conclude(attempt)

    def _conclude(self, attempt: _Attempt) -> None:
        sizes, hits = self._sizes[attempt.first :], self._hits[attempt.first :]
        effective = batches.effective_size(sizes, hits)
        size = sum(sizes)
        share = sum(hits) / size if size else 0.0
        if binomial.decide(share * effective, effective, self._allowed, stats.ALPHA) == attempt.side:
            self._answer = _ANSWERS[attempt.side]
        else:
            self._give_up(attempt)

    def _give_up(self, attempt: _Attempt) -> None:
        self._wanted[attempt.side] += _SECOND if self._wanted[attempt.side] == _FIRST else _LATER
        self._attempt = None
