"""The files that ``perfplug init`` writes, as text."""

from __future__ import annotations

from perfplug.init_look import Found

FOLDER = "tests/performance"
TEST = f"{FOLDER}/test_first_promise.py"
SERVER = f"{FOLDER}/conftest.py"
CONFIGURATION = "pytest.ini"
WORKFLOW = ".github/workflows/performance.yml"
DEFAULT_URL = "http://127.0.0.1:8000"

_TEST = '''\
"""What this service promises about its speed. Run with: pytest -m performance"""

import pytest


@pytest.mark.performance(p95="500ms", error_rate="1%")
def test_{name}(perf):
{ready}    perf.http("{path}", users=5, duration="5s"){note}
'''
_READY = """\
    # Skips the test, with the reason, when the service is not there.
    perf.require("{path}")
"""
_SERVER = '''\
"""Starts the service that the performance tests ask, on a free port, and stops it after them.

With --perf-base-url they ask one that runs already, and nothing is started.
"""

import shlex
import sys
from pathlib import Path

import pytest

from perfplug.service import Service, started

ROOT = Path(__file__).resolve().parents[2]
# {about}
COMMAND = "exec " + shlex.quote(sys.executable) + " {command}"


@pytest.fixture(scope="session")
def base_url(tmp_path_factory):
    service = Service(
        name="{kind}",
        command=COMMAND,
        folder=ROOT,
        log=tmp_path_factory.mktemp("service") / "log.txt",
{more}    )
    with started(service) as running:
        yield running.url
'''
_ABOUT = {
    "FastAPI": "One worker; give it what production has, where that is what the promises are about.",
    "Flask": "Flask's development server: put the one of production here, such as -m gunicorn.",
    "Django": "Django's development server: put the one of production here, such as -m gunicorn.",
}
_WORKFLOW = """\
# Performance promises, kept on every push to the main branch and on every pull request.
# More of these, and what they do: https://github.com/perfplug/perfplug/blob/main/docs/github-actions.md
name: Performance

on:
  push:
    branches: [main]
  pull_request:

permissions:
  contents: read

jobs:
  performance:
    runs-on: ubuntu-latest
    timeout-minutes: 20
    steps:
      - uses: actions/checkout@v4
        with:
          persist-credentials: false
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: {install}
      - uses: perfplug/perfplug@v1
        with:
          arguments: {folder}
"""


def promise_file(found: Found) -> str:
    """The first test. A service that it does not start itself may not be there."""
    path = found.path or "/"
    ready = _READY.format(path=path) if found.kind == "unknown" else ""
    note = "" if found.path else "  # put a path here that it answers"
    words = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in path)
    name = "_".join(word for word in words.split("_") if word) or "the_root"
    return _TEST.format(name=f"{name.lower()}_is_quick", ready=ready, path=path, note=note)


def server_file(found: Found) -> str:
    """The conftest.py that starts the service; only for one of a known kind."""
    more = f'        health="{found.path}",\n' if found.path else ""
    if found.source_root != ".":
        more += f'        environment={{"PYTHONPATH": "{found.source_root}"}},\n'
    return _SERVER.format(about=_ABOUT[found.kind], command=command(found), kind=found.kind, more=more)


def command(found: Found) -> str:
    """What follows the interpreter to serve it on ``{port}``."""
    if found.kind == "FastAPI":
        return f"-m uvicorn {'--factory ' if found.factory else ''}{found.target} --port {{port}}"
    if found.kind == "Flask":
        return f"-m flask --app {found.target} run --port {{port}}"
    return f"{found.target} runserver --noreload 127.0.0.1:{{port}}"


def settings(found: Found) -> list[str]:
    """Lines of pytest's configuration, as an ini file has them."""
    lines = ['addopts = -m "not performance"']
    if found.kind == "unknown":
        lines.append(f"perf_base_url = {DEFAULT_URL}")
    return lines


def configuration_file(found: Found) -> str:
    head = "[pytest]\n# Performance tests run when they are asked for: pytest -m performance\n"
    return head + "".join(f"{line}\n" for line in settings(found))


def workflow_file(install: str) -> str:
    return _WORKFLOW.format(install=install, folder=FOLDER)
