"""``python -m tests.bench.pre_commit [ROUNDS]``: how long the pre-commit hook takes for ten healthy limits, each a test
of its own, pytest and the start and end of the service included. At most 10 s is promised."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.live import hooked


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory(prefix="perfplug-") as folder:
        project = hooked.make(Path(folder))
        seconds = [_once(project) for _ in range(rounds)]
    print(f"\n{rounds} rounds: median {statistics.median(seconds):.1f} s, longest {max(seconds):.1f} s")


def _once(project: Path) -> float:
    begun = time.monotonic()
    done = hooked.run_hook(project)
    taken = time.monotonic() - begun
    last = [line for line in done.stdout.splitlines() if " passed" in line or " failed" in line]
    print(f"{taken:5.1f} s  exit code {done.returncode}  {last[-1] if last else 'no verdict'}", flush=True)
    return taken


if __name__ == "__main__":
    main()
