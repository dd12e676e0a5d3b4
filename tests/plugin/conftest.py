"""What the plugin's tests share: a real server in its own process, and inner pytest sessions."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from suites import SERVERS, Suite


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """Of a server with /ok, /slow?seconds=S and /status?code=N. It ends with its standard input."""
    command = [sys.executable, str(SERVERS / "server.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().split()[1]}"
        process.kill()


@pytest.fixture
def dead_url() -> Iterator[str]:
    """Nothing listens there, and nothing else can while the test runs."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


@pytest.fixture
def suite(pytester: pytest.Pytester, server_url: str, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """Runs pytest on a test file of this source: ``suite(source, "--perf-strict", ini=..., plugins=("perfplug",))``.

    The plugins are loaded by their entry points, and no others, whatever is installed here.
    """
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    for name in [name for name in os.environ if name.startswith(("PERFPLUG_", "GITHUB_"))]:
        monkeypatch.delenv(name)

    def run(
        source: str, *arguments: str, ini: str | None = None, plugins: tuple[str, ...] = ("perfplug",)
    ) -> pytest.RunResult:
        pytester.makeini(f"[pytest]\n{f'perf_base_url = {server_url}' if ini is None else ini}\n")
        pytester.makepyfile(test_it="import pytest\n" + source)
        loaded = [word for plugin in plugins for word in ("-p", plugin)]
        return pytester.runpytest("-p", "no:cacheprovider", *loaded, *arguments)

    return run


@pytest.fixture
def read_json(pytester: pytest.Pytester) -> Callable[..., list[dict[str, Any]]]:
    """The runs in a result file."""

    def read(name: str = "out.json") -> list[dict[str, Any]]:
        document = json.loads((pytester.path / name).read_text())
        assert document["schema"] == "perfplug.result/1"
        runs: list[dict[str, Any]] = document["runs"]
        return runs

    return read
