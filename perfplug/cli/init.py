"""``perfplug init``: what performance tests need to begin in a project; nothing is ever overwritten."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from perfplug import init_files
from perfplug.errors import ReportError, UsageError
from perfplug.init_look import Found, look, pytest_configuration
from perfplug.report.tables import say


def run(arguments: argparse.Namespace) -> int:
    """Looks, writes, says what it did. UsageError for a folder that is not there; ReportError when it cannot write."""
    root = Path(arguments.folder)
    if not root.is_dir():
        raise UsageError(f"{arguments.folder}: there is no such folder")
    found, configuration = look(root), pytest_configuration(root)
    _say(_found_words(found))
    for path, text in _files(root, found, configuration):
        _write(root, path, text)
    _say("")
    for line in _next(found, configuration):
        _say(line)
    return 0


def _found_words(found: Found) -> str:
    if found.kind == "unknown":
        return "found no FastAPI, Flask or Django here: the test asks a service that already runs"
    what = "made by" if found.factory else "it is"
    asked = f"which the first test asks for {found.path}" if found.path else "of which no plain path is seen"
    return f"found {found.kind} ({what} {found.target}), {asked}"


def _files(root: Path, found: Found, configuration: Path | None) -> list[tuple[str, str]]:
    files = [(init_files.TEST, init_files.promise_file(found))]
    if found.kind != "unknown":
        files.append((init_files.SERVER, init_files.server_file(found)))
    if configuration is None or configuration.name == init_files.CONFIGURATION:
        files.append((init_files.CONFIGURATION, init_files.configuration_file(found)))
    files.append((init_files.WORKFLOW, init_files.workflow_file(_install(root))))
    return files


def _write(root: Path, path: str, text: str) -> None:
    target = root / path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Not through a rename, which would take the place of a file that came into being meanwhile.
        with open(target, "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        _say(f"kept   {path}: it is there already" if os.path.isfile(target) else f"left   {path}: in the way")
    except OSError as error:
        raise ReportError(f"{target}: not written: {error.strerror}") from error
    else:
        _say(f"wrote  {path}")


def _install(root: Path) -> str:
    """How the project's own dependencies get there."""
    if (root / "requirements.txt").is_file():
        return "pip install -r requirements.txt"
    if (root / "pyproject.toml").is_file() or (root / "setup.py").is_file():
        return "pip install ."
    return 'echo "install what the service needs here"'


def _next(found: Found, configuration: Path | None) -> Sequence[str]:
    lines = []
    if configuration is not None:
        lines += [f"for {configuration.name}, where this project's options of pytest are, if you like:"]
        lines += [f"  {line}" for line in init_files.settings(found)]
    if found.path is None:
        lines.append(f"put a path that the service answers into {init_files.TEST}")
    if found.kind == "unknown":
        lines.append(f"start the service, then: pytest -m performance --perf-base-url {init_files.DEFAULT_URL}")
    else:
        lines.append("next: pytest -m performance")
    lines.append("leave .perfplug/ and perfplug-out/ to .gitignore")
    return lines


def _say(line: str) -> None:
    say(line, sys.stdout)
