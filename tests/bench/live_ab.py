"""The comparison of a base and a head on this machine, against servers whose delays are known.

    python -m tests.bench.live_ab [--same 50] [--slower 20] [--pairs 30] [--block 500] [--users 32]
                                    [--median-us 10000]

Same: two servers alike; a FAIL of any metric is a false alarm. In every other job something else keeps a core busy.
Slower: every delay of the head is 10 % longer; a job has caught it when p95 is a FAIL. Delays are log-normal (sigma
0.35) and drawn anew for each server.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator

from perfplug import ab
from perfplug.limits import Verdict
from perfplug.plan import Load, Plan, Request
from tests.bench import machine
from tests.bench.servers import delay_server

SIGMA = 0.35
SLOWER = 1.10


@contextlib.contextmanager
def busy_core() -> Iterator[None]:
    """Something else at work, on the core of the servers."""
    with subprocess.Popen(machine.pinned(machine.SERVER_CORE, [sys.executable, "-c", "while True: pass"])) as process:
        try:
            yield
        finally:
            process.kill()


def job(options: argparse.Namespace, times: float, number: int) -> ab.Outcome:
    def server(slower: float, seed: int) -> contextlib.AbstractContextManager[str]:
        return delay_server(
            "--median-us", f"{options.median_us * slower:.0f}", "--sigma", str(SIGMA), "--seed", str(seed)
        )

    with server(1.0, 2 * number) as base, server(times, 2 * number + 1) as head:
        plans = [Plan(request=Request(url=url), load=Load(users=options.users, requests=1)) for url in (base, head)]
        return ab.run(plans[0], plans[1], ab.Design(pairs=options.pairs, block=options.block, seed=number))


def tell(number: int, what: str, outcome: ab.Outcome, seconds: float) -> None:
    rows = "  ".join(
        f"{one.metric} {'-' if one.change is None else f'{100.0 * one.change:+.1f}%'} {one.verdict.value}"
        for one in outcome.comparison
    )
    load = os.getloadavg()[0]
    print(f"{number:3} {what}: {rows}  ({outcome.pairs} pairs, {seconds:.0f} s, load {load:.1f})", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    defaults = {"same": 50, "slower": 20, "pairs": ab.PAIRS, "block": ab.BLOCK, "users": 32, "median-us": 10_000}
    for word, default in defaults.items():
        parser.add_argument(f"--{word}", type=int, default=default)
    options = parser.parse_args()
    alarms = caught = again = 0
    numbers = itertools.count(1)
    for at in range(options.same):
        number, begun, loaded = next(numbers), time.monotonic(), at % 2 == 1
        with busy_core() if loaded else contextlib.nullcontext():
            outcome = job(options, 1.0, number)
        alarms += any(one.verdict is Verdict.FAIL for one in outcome.comparison)
        again += outcome.confirmed
        tell(number, "same, a core busy" if loaded else "same", outcome, time.monotonic() - begun)
    for _ in range(options.slower):
        number, begun = next(numbers), time.monotonic()
        outcome = job(options, SLOWER, number)
        caught += any(one.metric == "p95" and one.verdict is Verdict.FAIL for one in outcome.comparison)
        tell(number, f"{SLOWER - 1.0:+.0%}", outcome, time.monotonic() - begun)
    print(f"false alarms: {alarms} of {options.same} jobs (0 wanted); {again} measured fresh pairs")
    print(f"p95 caught: {caught} of {options.slower} (19 of 20 wanted)")
    return 0 if alarms == 0 and caught >= 0.95 * options.slower else 1


if __name__ == "__main__":
    raise SystemExit(main())
