"""A real Prometheus server, a real push gateway, and runs for them to look at."""

from __future__ import annotations

import json
import math
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from live_harness import HANG_S, eventually, free_ports

MONITORING = Path(__file__).resolve().parents[2] / "docs" / "monitoring"
RUN = (sys.executable, "-m", "perfplug", "run")


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=HANG_S) as answer:
        return str(answer.read().decode())


def answers(url: str) -> bool:
    try:
        get(url)
    except OSError:
        return False
    return True


@contextmanager
def daemon(command: Sequence[str], ready: str, log: Path) -> Iterator[None]:
    """A process that is killed at the end; entered once `ready` answers."""
    with log.open("wb") as told, subprocess.Popen(command, stdout=told, stderr=told, cwd=log.parent) as process:
        try:
            eventually(lambda: process.poll() is not None or answers(ready), f"{command[0]}: {log.read_text()}")
            assert process.poll() is None, log.read_text()
            yield
        finally:
            process.kill()


@contextmanager
def push_gateway(folder: Path) -> Iterator[str]:
    """Its URL."""
    (port,) = free_ports(1)
    command = ["prometheus-pushgateway", f"--web.listen-address=127.0.0.1:{port}"]
    with daemon(command, f"http://127.0.0.1:{port}/-/ready", folder / "gateway.log"):
        yield f"http://127.0.0.1:{port}"


class Exported:
    """``perfplug run --prometheus 0 ...`` under way."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        self._process = process
        told = process.stderr.readline()
        match = re.fullmatch(r"perfplug: metrics at (http://(127\.0\.0\.1:\d+)/metrics)\n", told)
        assert match is not None, told
        self.url, self.host = match[1], match[2]

    def stop(self) -> int:
        """Ctrl-C, and the exit code."""
        self._process.send_signal(signal.SIGINT)
        self._process.communicate(timeout=HANG_S)
        return self._process.returncode


@contextmanager
def exported(*words: str) -> Iterator[Exported]:
    command = [*RUN, *words, "--prometheus", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Exported(process)
        finally:
            process.kill()


class Prometheus:
    """A server under way, asked over its HTTP interface."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, path: str, **words: str) -> Any:
        """The answer's data. AssertionError, with the server's own words, for what it does not understand."""
        try:
            told = get(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(words)}")
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"{words}: {error.read().decode()}") from None
        return json.loads(told)["data"]

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """An instant query's labels and values."""
        found = self.ask("query", query=expression)["result"]
        return [(one["metric"], float(one["value"][1])) for one in found]

    def figures(self, expression: str) -> list[float]:
        """The values of an instant query that are numbers."""
        return [value for _, value in self.query(expression) if math.isfinite(value)]


@contextmanager
def prometheus(folder: Path, targets: Mapping[str, str], *, rules: Path) -> Iterator[Prometheus]:
    """Scrapes the hosts of `targets`, by job, five times a second."""
    (port,) = free_ports(1)
    jobs = [
        {"job_name": job, "honor_labels": True, "static_configs": [{"targets": [host]}]}
        for job, host in targets.items()
    ]
    config = folder / "prometheus.json"  # YAML holds all of JSON
    every = {"scrape_interval": "200ms", "evaluation_interval": "200ms"}
    config.write_text(json.dumps({"global": every, "rule_files": [str(rules)], "scrape_configs": jobs}))
    command = [
        "prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
    ]  # fmt: skip
    with daemon(command, f"http://127.0.0.1:{port}/-/ready", folder / "prometheus.log"):
        yield Prometheus(f"http://127.0.0.1:{port}")
