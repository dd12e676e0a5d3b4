"""Base and head side by side in one job: interleaved pairs of blocks, in an order drawn at random, compared.

What differs between two moments of a machine is far more than what differs between two versions of a service; so the
versions take turns within seconds. All is planned beforehand: the order, how many pairs, and how many fresh ones are
added, once, when the first look suspicious.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from perfplug import comparing, engine, paired
from perfplug.comparing import Compared
from perfplug.errors import TargetUnreachable, UsageError
from perfplug.limits import Verdict
from perfplug.measurement import Block
from perfplug.merging import condensed, merged
from perfplug.paired import Allowance, BlockPair
from perfplug.plan import Plan
from perfplug.result import Result
from perfplug.units import format_count
from perfplug.urls import split_url
from perfplug.validity import OWN_ERRORS

Side = Literal["base", "head"]

PAIRS = 30
BLOCK = 500  # requests, the least for a p95
_TURNS = 20  # requests of each virtual user in a block: with fewer, its beginning and its end would be most of it
_PAIRS_MIN = 5
_WARMUP = 0.1  # seconds before each block, in which every virtual user gets its connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """What is planned before the first block. ``block`` is in requests; None: 500, or 20 for each virtual user."""

    pairs: int = PAIRS
    block: int | None = None
    allowance: Allowance = dataclasses.field(default_factory=Allowance)
    seed: int = 1

    def __post_init__(self) -> None:
        if self.pairs < _PAIRS_MIN:
            raise UsageError(f"pairs: {self.pairs!r} are too few to tell chance from change: at least {_PAIRS_MIN}")
        if self.block is not None and self.block < 1:
            raise UsageError(f"block: {self.block!r} requests are no block")

    def requests(self, plan: Plan) -> int:
        """Of each block."""
        if self.block is not None:
            return self.block
        return max(BLOCK, 0 if plan.load.rate is not None else _TURNS * plan.load.users)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What is measured next."""

    pair: int  # 1-based
    pairs: int
    confirming: bool  # fresh pairs, out of suspicion

    @property
    def words(self) -> str:
        """ "pair 12 of 30"."""
        what = "confirming on fresh pairs: pair" if self.confirming else "pair"
        return f"{what} {self.pair} of {self.pairs}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """``base`` and ``head`` are all blocks of a side together. When the job ended early, the head's result says how
    (``interrupted``, ``unreachable``), and no comparison is decided."""

    base: Result
    head: Result
    comparison: tuple[Compared, ...]
    pairs: int
    confirmed: bool  # fresh pairs were measured


def rebased(plan: Plan, head_url: str, base_url: str) -> Plan | None:
    """The plan with a URL below `head_url` moved below `base_url`; None when it lies elsewhere."""
    begin, url = split_url(head_url).url.rstrip("/"), plan.request.url
    if not (url == begin or url.startswith((begin + "/", begin + "?"))):
        return None
    moved = split_url(base_url).url.rstrip("/") + url[len(begin) :]
    return dataclasses.replace(plan, request=dataclasses.replace(plan.request, url=split_url(moved).url))


def run(
    base: Plan,
    head: Plan,
    design: Design,
    *,
    name: str = "",
    share: float = 1.0,
    on_progress: Callable[[Progress], None] | None = None,
    trouble: Callable[[], str | None] = lambda: None,
) -> Outcome:
    """Measures both and compares them; ``share`` is its part of the job's allowance for false alarms. ``trouble`` is
    asked now and then, and says why there is no use in going on.

    Raises TargetUnreachable, and passes KeyboardInterrupt on, when that happens before there is a complete pair.
    """
    job = _Job({"base": base, "head": head}, design, name, on_progress, trouble)
    first = job.measure(design.pairs, confirming=False)
    fresh: list[BlockPair] = []
    if not job.ended and paired.suspicious(first, design.allowance):
        fresh = job.measure(design.pairs * paired.CONFIRMING, confirming=True)
    return Outcome(
        base=job.totals["base"],
        head=job.head(),
        comparison=job.compare(first, fresh, share),
        pairs=len(first) + len(fresh),
        confirmed=bool(fresh),
    )


class _Job:
    """Runs blocks. ``totals`` are of the complete pairs; ``ended``: why before its time, in one phrase."""

    def __init__(
        self,
        plans: dict[Side, Plan],
        design: Design,
        name: str,
        on_progress: Callable[[Progress], None] | None,
        trouble: Callable[[], str | None],
    ) -> None:
        self._plans = plans
        self._design = design
        self._name = name
        self._on_progress = on_progress
        self._trouble = trouble
        self._chance = random.Random(design.seed)
        self._number = 0
        self._unreachable: str | None = None
        self.totals: dict[Side, Result] = {}
        self.ended = ""

    def measure(self, pairs: int, *, confirming: bool) -> list[BlockPair]:
        """The blocks of so many pairs, or of fewer when the job ends early."""
        measured: list[BlockPair] = []
        try:
            if not confirming:
                self._pair()  # warms up both servers' caches, and is not counted
            for number in range(1, pairs + 1):
                if self._on_progress is not None:
                    self._on_progress(Progress(pair=number, pairs=pairs, confirming=confirming))
                measured.append(self._add(self._pair()))
        except (KeyboardInterrupt, TargetUnreachable) as error:
            if not self.totals:
                raise
            self._unreachable = str(error) or None
            self.ended = f"{str(error) or 'interrupted'} after {len(measured)} of {format_count(pairs)} pairs"
        return measured

    def head(self) -> Result:
        ended = bool(self.ended)
        return dataclasses.replace(
            self.totals["head"],
            interrupted=ended and self._unreachable is None,
            unreachable=self._unreachable,
        )

    def compare(self, first: Sequence[BlockPair], fresh: Sequence[BlockPair], share: float) -> tuple[Compared, ...]:
        """Of a job that ended early the figures are shown, and nothing is decided."""
        if len(first) < 2:
            return comparing.unavailable(self.ended, against="base")
        compared = paired.compare(first, fresh, self._design.allowance, share=share, causes=self._causes())
        if not self.ended:
            return compared
        return tuple(dataclasses.replace(one, verdict=Verdict.INCONCLUSIVE, cause=self.ended) for one in compared)

    def _causes(self) -> tuple[str, ...]:
        """What failed for want of something of the client's own."""
        return tuple(
            words
            for name, words in OWN_ERRORS.items()
            if any(result.errors.get(name) for result in self.totals.values())
        )

    def _pair(self) -> dict[Side, Result]:
        order: tuple[Side, Side] = ("base", "head") if self._chance.random() < 0.5 else ("head", "base")
        self._number += 1
        return {side: self._run(side) for side in order}

    def _run(self, side: Side) -> Result:
        plan = self._plans[side]
        load = dataclasses.replace(
            plan.load,
            duration=None,
            requests=self._design.requests(plan),
            early_stop=False,
            warmup=_WARMUP,
            seed=plan.load.seed + self._number,  # the same arrivals and pauses for both of a pair
        )
        result = engine.run(
            dataclasses.replace(plan, load=load), name=self._name, on_progress=lambda progress: self._check()
        )
        if result.interrupted:
            raise KeyboardInterrupt
        self._check()
        if result.unreachable is not None:
            raise TargetUnreachable(f"{side}: {result.unreachable}")
        return condensed(result)

    def _check(self) -> None:
        if (why := self._trouble()) is not None:
            raise TargetUnreachable(why)

    def _add(self, pair: dict[Side, Result]) -> BlockPair:
        self.totals = {
            side: merged([self.totals[side], result] if self.totals else [result]) for side, result in pair.items()
        }
        return _block(pair["base"]), _block(pair["head"])


def _block(result: Result) -> Block:
    return Block(
        width=result.duration,
        requests=result.requests,
        errors=result.requests - result.ok,
        latency=result.latency,
    )
