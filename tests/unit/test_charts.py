"""``.ci/charts`` uses of the charting library only what it expected, and says why it got none."""

from __future__ import annotations

import http.server
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / ".ci" / "charts"


class Registry(http.server.BaseHTTPRequestHandler):
    """Answers every question with an archive that is not the right one."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "9")
        self.end_headers()
        self.wfile.write(b"some code")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def registry() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def fetch(checkout: Path, registry: str) -> subprocess.CompletedProcess[str]:
    """The script in a checkout of its own, on a machine without npm."""
    (checkout / ".ci").mkdir()
    copy = shutil.copy2(SCRIPT, checkout / ".ci" / "charts")
    settings = {"PATH": str(checkout), "npm_config_registry": registry, "NO_PROXY": "127.0.0.1"}
    return subprocess.run([sys.executable, str(copy)], env=settings, capture_output=True, text=True, timeout=120)


def test_an_archive_that_is_not_the_expected_one_is_not_used(tmp_path: Path, registry: str) -> None:
    done = fetch(tmp_path, registry)
    assert done.returncode == 1
    assert "the archive is not the one that was expected" in done.stderr
    assert not (tmp_path / "perfplug").exists()


def test_without_a_registry_the_reason_is_one_line(tmp_path: Path) -> None:
    done = fetch(tmp_path, "http://127.0.0.1:9")
    assert done.returncode == 1
    assert done.stderr.startswith("uPlot ") and "was not fetched: " in done.stderr
    assert done.stderr.count("\n") == 1
