"""``perfplug github test|ab|report|comment``: the steps of our GitHub Action.

What is measured and what is told of it are separate steps, so that the reports come out whatever became of the tests.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from perfplug.actions import Job, job
from perfplug.cli.ci_words import AB, NO_BASE, RESULT
from perfplug.errors import UsageError
from perfplug.report import files
from perfplug.report.github import command
from perfplug.report.html_library import library

# What a step writes to the folder; what is left there of an earlier run would be taken for this one's.
_OF_TEST = {"json": RESULT, "junit": "junit.xml", "markdown": "report.md", "html": "report.html"}
_OF_AB = {"json": AB, "markdown": "ab.md", "html": "ab.html"}


def run(arguments: argparse.Namespace) -> int:
    """Does one step; the exit code. PerfplugError for what could not be done."""
    if arguments.action == "test":
        return _test(arguments)
    if arguments.action == "ab":
        return _ab(arguments)
    if arguments.action == "report":
        from perfplug.cli.github_report import report

        return report(arguments)
    from perfplug.github_comment import comment

    return comment(arguments)


def _test(arguments: argparse.Namespace) -> int:
    out = _fresh(arguments.out, _OF_TEST.values())
    # The root is this folder, so that files, baselines and history are where the other steps look for them.
    words = ["-m", "pytest", "--rootdir=.", "-m", "performance", "--perf-require=fail", "--perf-github=off"]
    words += _reports("--perf-", out, _OF_TEST)
    if arguments.compare:
        words.append(f"--perf-compare={arguments.compare}")
    if arguments.save_baseline:
        words.append(f"--perf-save-baseline={arguments.save_baseline}")
    words += ["--perf-history"] * arguments.history + ["--perf-strict"] * arguments.strict
    # The user's come last: of an option that is given twice, the last counts.
    return _without_commands([*words, *_words(arguments.arguments)])


def _ab(arguments: argparse.Namespace) -> int:
    out = _fresh(arguments.out, (*_OF_AB.values(), NO_BASE))
    here = job(os.environ)
    base = _base(here)
    if base is None:
        print(command("notice", "no base to compare with: this is no pull request, and no push to a branch"))
        files.write(out / NO_BASE, "")
        return 0
    _fetch(base)
    words = ["-m", "perfplug", "ab", "--ref", base]
    words += _reports("--", out, _OF_AB)
    return _without_commands([*words, *_words(arguments.arguments)])


def _reports(prefix: str, out: Path, names: Mapping[str, str]) -> list[str]:
    """As options. The tests are not to fail for want of graphs, which need a library that this build may not have."""
    options = [f"{prefix}{form}={out / name}" for form, name in names.items() if form != "html"]
    try:
        library()
    except UsageError as error:
        print(command("notice", str(error), title="no HTML report"))
        return options
    return [*options, f"{prefix}html={out / names['html']}"]


def _fresh(folder: str, names: Iterable[str]) -> Path:
    out = Path(folder or ".").absolute()
    for name in names:
        (out / name).unlink(missing_ok=True)
    return out


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageError(f"--arguments: {text!r}: {error}") from None


def _without_commands(words: Sequence[str]) -> int:
    """Runs Python with these words. Nothing that it prints, of tests or servers, is a workflow command: the runner is
    told to look for none until it hears a word that nobody can know."""
    token = secrets.token_hex(16)
    print(f"::stop-commands::{token}", flush=True)
    try:
        return subprocess.run([sys.executable, *words]).returncode
    finally:
        print(f"\n::{token}::", flush=True)


def _base(here: Job) -> str | None:
    """The commit to compare with: the pull request's base, or what a branch pointed to before a push."""
    if here.event is None:
        return None
    payload = here.payload()
    pull_request = payload.get("pull_request")
    found = pull_request["base"]["sha"] if isinstance(pull_request, dict) else payload.get("before")
    # A new branch was nothing before.
    return found if isinstance(found, str) and found.strip("0") else None


def _fetch(commit: str) -> None:
    """A checkout of one commit only does not have its base. When that cannot be fetched either, perfplug ab says so."""
    if subprocess.run(["git", "cat-file", "-e", f"{commit}^{{commit}}"], stderr=subprocess.DEVNULL).returncode:
        subprocess.run(["git", "fetch", "--quiet", "--no-tags", "--depth=1", "origin", commit])
