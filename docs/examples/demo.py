"""Starts the example shop, measures it with ``pytest -m performance``, and stops it again.

The verdict table comes from pytest; the reports are left in perfplug-out/ and named on the last lines. The exit code
is pytest's.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUT = Path.cwd() / "perfplug-out"
REPORTS = {
    "report.html": "for people: tables and graphs",
    "result.json": "all figures",
    "junit.xml": "a test case for each limit",
}
START_LIMIT_S = 60.0


@contextmanager
def shop() -> Iterator[str]:
    """The shop's base URL, while it runs and after it has said that it is healthy."""
    # In a session of its own: a Ctrl-C is for pytest, and the shop serves until pytest is through with it.
    command = [sys.executable, "-m", "shop", "--port", "0"]
    server = subprocess.Popen(command, cwd=HERE, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        url = address(server)
        wait_until_healthy(server, f"{url}/health")
        yield url
    finally:
        stop(server)


def address(server: subprocess.Popen[str]) -> str:
    """The address that the shop prints first of all."""
    assert server.stdout is not None
    line = server.stdout.readline()
    if not line:
        raise SystemExit(f"demo: the shop ended before it served (exit code {server.wait()})")
    return line.split()[-1]


def wait_until_healthy(server: subprocess.Popen[str], url: str) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise SystemExit(f"demo: the shop did not become healthy at {url}")


def stop(server: subprocess.Popen[str]) -> None:
    """Asks first, so that the shop removes its database; then insists."""
    server.terminate()
    try:
        server.wait(timeout=10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    assert server.stdout is not None
    server.stdout.close()


def measure(url: str, options: list[str]) -> int:
    """pytest's exit code. ``options`` are passed on to it."""
    command = [sys.executable, "-m", "pytest", "-c", str(HERE / "pytest.ini"), "-m", "performance"]
    command += [f"--perf-base-url={url}", f"--perf-json={OUT / 'result.json'}", f"--perf-junit={OUT / 'junit.xml'}"]
    pytest = subprocess.Popen([*command, *options, str(HERE / "tests")])
    while True:
        try:
            return pytest.wait()
        except KeyboardInterrupt:  # pytest got it too, and ends after reporting what it has
            continue


def make_page() -> None:
    """The HTML report, made later, as it can be of any result; a failure costs only the page."""
    if (OUT / "result.json").exists():
        command = [
            sys.executable,
            "-m",
            "perfplug",
            "report",
            str(OUT / "result.json"),
            "--html",
            str(OUT / "report.html"),
        ]
        subprocess.run(command)


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the shop is stopped then too
    OUT.mkdir(exist_ok=True)
    for name in REPORTS:
        (OUT / name).unlink(missing_ok=True)  # what is named below is of this run
    with shop() as url:
        code = measure(url, sys.argv[1:])
    make_page()
    for name, what in REPORTS.items():
        if (OUT / name).exists():
            print(f"{OUT / name}  ({what})")
    return code


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
