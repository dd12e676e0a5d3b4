"""``python -m tests.bench [--quick] [--only GROUP]``: all benchmarks, printed, and written as JSON and Markdown."""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench import cost, footprint, freeze, peers, truth
from tests.bench.figures import Figure, as_json, markdown
from tests.bench.page import page

ROOT = Path(__file__).resolve().parents[2]


def _parts(quick: bool) -> dict[str, Callable[[], list[Figure]]]:
    return {
        "cost": lambda: cost.measure(seconds=2 if quick else 4, rounds=3 if quick else 5),
        "truth": lambda: truth.measure(seconds=4 if quick else 10),
        "freeze": lambda: freeze.measure(seconds=10 if quick else 20),
        "footprint": lambda: footprint.measure(full=not quick),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter runs; figures scatter more")
    parser.add_argument("--only", choices=sorted(_parts(True)), help="one part; docs/benchmarks.md is left alone")
    options = parser.parse_args()
    figures: list[Figure] = []
    for missing in peers.missing():
        print(f"not measured: {missing} is not installed")
    for name, part in _parts(options.quick).items():
        if options.only in (None, name):
            begun = time.monotonic()
            found = part()
            figures += found
            print(markdown(found), flush=True)
            print(f"({name}: {time.monotonic() - begun:.0f} s)", flush=True)
    out = ROOT / "build" / "bench.json"
    out.parent.mkdir(exist_ok=True)
    machine_words = {"machine": platform.machine(), "system": platform.platform(), "python": platform.python_version()}
    out.write_text(json.dumps({"environment": machine_words, "figures": as_json(figures)}, indent=1))
    print(f"written: {out.relative_to(ROOT)}")
    if options.only is None:
        (ROOT / "docs" / "benchmarks.md").write_text(page(figures, machine_words, peers.missing()))
        print("written: docs/benchmarks.md")


if __name__ == "__main__":
    main()
