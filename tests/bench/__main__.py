"""``python -m tests.bench [--quick] [--only GROUP]``: all benchmarks, printed, and written as JSON and Markdown."""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench import cost, footprint, freeze, peers, truth
from tests.bench.figures import Figure, as_json, from_json, markdown
from tests.bench.page import page

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "build" / "bench.json"


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
    parser.add_argument(
        "--only", choices=sorted(_parts(True)), help="one part anew, the others as they were measured last"
    )
    options = parser.parse_args()
    for missing in peers.missing():
        print(f"not measured: {missing} is not installed")
    parts = _earlier() if options.only else {}
    for name, part in _parts(options.quick).items():
        if options.only in (None, name):
            begun = time.monotonic()
            parts[name] = part()
            print(markdown(parts[name]), flush=True)
            print(f"({name}: {time.monotonic() - begun:.0f} s)", flush=True)
    _write({name: parts[name] for name in _parts(True) if name in parts})


def _earlier() -> dict[str, list[Figure]]:
    """The figures of the last run, of which one part is measured anew."""
    if not OUT.exists():
        return {}
    return {name: from_json(rows) for name, rows in json.loads(OUT.read_text())["parts"].items()}


def _write(parts: dict[str, list[Figure]]) -> None:
    words = {"machine": platform.machine(), "system": platform.platform(), "python": platform.python_version()}
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(
        json.dumps({"environment": words, "parts": {name: as_json(part) for name, part in parts.items()}}, indent=1)
    )
    print(f"written: {OUT.relative_to(ROOT)}")
    if len(parts) == len(_parts(True)):
        figures = [figure for part in parts.values() for figure in part]
        (ROOT / "docs" / "benchmarks.md").write_text(page(figures, words, peers.missing()))
        print("written: docs/benchmarks.md")


if __name__ == "__main__":
    main()
