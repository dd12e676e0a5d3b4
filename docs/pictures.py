"""Makes the pictures in this folder from a real run of the demo: the HTML report, and the runner's table in a terminal.

    .venv/bin/python docs/pictures.py

Needs Chromium, and the extras "demo" and "test".
"""

from __future__ import annotations

import html
import io
import os
import pty
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS / "examples"), str(DOCS.parent / "tests" / "live")]

from chromium import Page, browser  # noqa: E402
from demo import shop  # noqa: E402

LARGEST = 300_000  # bytes of a picture
WIDTH, COLUMNS = 1240, 100
RUN = ("--users", "8", "--duration", "5s", "--sla", "p95<150ms", "--sla", "p99<300ms", "--sla", "error_rate<0.5%")
GREY, WHITE = (223, 228, 232), (255, 255, 255)
COLOURS = [
    (27, 31, 35),
    (244, 119, 122),
    (87, 194, 125),
    (223, 168, 68),
    (95, 162, 230),
    (182, 149, 238),
    (77, 167, 154),
]
THEME = TerminalTheme(COLOURS[0], GREY, [*COLOURS, GREY], [*COLOURS, WHITE])
TERMINAL = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 22px 26px; background: #1b1f23; color: #dfe4e8; display: inline-block; }}
pre {{ margin: 0; font: 14px/1.17 "DejaVu Sans Mono", monospace; }} {styles}
</style><pre>$ perfplug run http://127.0.0.1:8000/products {words}

{output}</pre>"""


def measure_demo(folder: Path) -> Path:
    """The demo, run in `folder`, with as many of its loads as a picture can show. Its HTML report."""
    command = [sys.executable, str(DOCS / "examples" / "demo.py"), "-k", "catalogue or orders"]
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL)
    return folder / "perfplug-out" / "report.html"


def run_in_terminal(url: str) -> str:
    """What ``perfplug run`` prints on a terminal, with its colours."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    command = [sys.executable, "-m", "perfplug", "run", f"{url}/products", *RUN]
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.DEVNULL, env=environment) as process:
        os.close(theirs)
        pieces = list(iter(lambda: read(ours), b""))
        process.wait()
    os.close(ours)
    return b"".join(pieces).decode("utf-8").replace("\r\n", "\n").replace(url, "http://127.0.0.1:8000")


def read(terminal: int) -> bytes:
    """Empty at the end, which Linux tells as an error."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def terminal_page(output: str) -> str:
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), color_system="truecolor", force_terminal=True)
    console.print(Text.from_ansi(output.strip("\n")), soft_wrap=True)
    code = console.export_html(theme=THEME, code_format="{stylesheet}\0{code}")
    styles, _, lines = code.partition("\0")
    words = html.escape(" ".join(f"'{word}'" if "<" in word else word for word in RUN))
    return TERMINAL.format(styles=styles, words=words, output=lines)


def picture(page: Page, source: Path, target: Path, *, until: str | None = None) -> None:
    """The page's top, as far as the element at the selector `until` goes; all of it when there is none."""
    page.open(source.as_uri())
    page.settle()
    bottom = (
        None if until is None else page.evaluate(f"document.querySelector({until!r}).getBoundingClientRect().bottom")
    )
    data = page.screenshot(height=None if bottom is None else int(bottom) + 16)
    if len(data) > LARGEST:
        raise SystemExit(f"{target.name}: {len(data):,} bytes are more than {LARGEST:,}")
    target.write_bytes(data)
    print(f"{target}  {len(data):,} bytes")


def main() -> None:
    with tempfile.TemporaryDirectory() as name, browser() as page:
        folder = Path(name)
        page.look(width=WIDTH, height=900, scale=0.85)
        picture(page, measure_demo(folder), DOCS / "report.png", until="details.load .charts")
        with shop() as url:
            source = folder / "terminal.html"
            source.write_text(terminal_page(run_in_terminal(url)), encoding="utf-8")
        page.look(width=900, height=200)
        picture(page, source, DOCS / "terminal.png", until="pre")


if __name__ == "__main__":
    main()
