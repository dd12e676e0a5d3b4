"""``perfplug ab``: two versions of a service side by side; measure, compare, write, show, in this order."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from perfplug import ab, engine, project
from perfplug.cli.ab_progress import PairLine
from perfplug.cli.arguments import amount_of, plan_of
from perfplug.cli.run import Exit, complain, exit_code, show, targets_of, write
from perfplug.comparing import MARGIN, TOLERANCE
from perfplug.environment import fingerprint
from perfplug.errors import ServiceError, TargetUnreachable, UsageError
from perfplug.keeping import FOLDER
from perfplug.paired import Allowance
from perfplug.plan import Plan
from perfplug.report import Case, Report
from perfplug.report.forms import Target
from perfplug.service import START_TIMEOUT, Running, Service, started
from perfplug.sla import Verdict, overall
from perfplug.units import parse_duration, parse_share
from perfplug.worktree import worktree

_SETTINGS = ("command", "health")  # in [tool.perfplug.ab]


@dataclass(frozen=True, slots=True)
class _Sides:
    """Where both versions are. ``servers`` are those that were started for it."""

    base: str
    head: str
    servers: tuple[Running, ...] = ()

    def death(self) -> ServiceError | None:
        """Of the first server that has died."""
        return next((death for server in self.servers if (death := server.death()) is not None), None)


def run(arguments: argparse.Namespace) -> int:
    """Does what the words say; the exit code. PerfplugError for what could not be done at all."""
    sides_of = _ways(arguments)
    design = _design(arguments)
    targets = targets_of(arguments)
    # What stops a job in CI: as an exception, so that servers and worktrees go the way they came.
    signal.signal(signal.SIGTERM, _terminated)
    with sides_of() as sides:
        base, head = (_plan(arguments, url) for url in (sides.base, sides.head))
        with PairLine(sys.stderr, quiet=arguments.quiet) as line:
            outcome = _measured(sides, base, head, design, line)
        died = sides.death()
    return _report(arguments, targets, outcome, died)


def _measured(sides: _Sides, base: Plan, head: Plan, design: ab.Design, line: PairLine) -> ab.Outcome:
    """A server that dies before anything was measured is told with its last words."""
    try:
        return ab.run(
            base,
            head,
            design,
            name=head.request.name,
            on_progress=line,
            trouble=lambda: None if sides.death() is None else "a server has died",
        )
    except TargetUnreachable as error:
        raise sides.death() or error from None


def _report(
    arguments: argparse.Namespace, targets: tuple[Target, ...], outcome: ab.Outcome, died: ServiceError | None
) -> int:
    case = case_of(outcome)
    base = Case(test=f"base {outcome.base.plan.request.url}", result=outcome.base, judged=(), verdict=Verdict.PASS)
    environment = fingerprint(libcurl=engine.CURL_VERSION)
    secret = tuple(arguments.secret_header)
    lost = list(write(Report(environment=environment, cases=(case, base), secret_headers=secret), targets))
    show(Report(environment=environment, cases=(case,), secret_headers=secret), quiet=arguments.quiet)
    for line in lost:
        complain(line)
    if died is not None:
        raise died
    code = exit_code(case)
    return Exit.NOT_WRITTEN if lost and code is Exit.OK else code


def case_of(outcome: ab.Outcome) -> Case:
    """The head, judged by the comparison."""
    head = outcome.head
    verdict = Verdict.INVALID if head.unreachable is not None else overall(outcome.comparison)
    return Case(test=head.plan.request.url, result=head, judged=(), verdict=verdict, comparison=outcome.comparison)


def _ways(arguments: argparse.Namespace) -> Callable[[], contextlib.AbstractContextManager[_Sides]]:
    """How the two sides come about. UsageError unless the words say exactly one way."""
    ways: dict[tuple[str, ...], Callable[[], contextlib.AbstractContextManager[_Sides]]] = {
        ("base", "head"): lambda: contextlib.nullcontext(_Sides(arguments.base, arguments.head)),
        ("base_cmd", "head_cmd"): lambda: _commands(arguments),
        ("ref",): lambda: _reference(arguments),
    }
    said = [words for words in ways if any(getattr(arguments, word) for word in words)]
    if len(said) != 1:
        raise UsageError("perfplug ab: write --base and --head, --base-cmd and --head-cmd, or --ref: one of the three")
    missing = [word for word in said[0] if not getattr(arguments, word)]
    if missing:
        raise UsageError(f"perfplug: --{missing[0].replace('_', '-')} is missing: both sides are needed")
    if arguments.cmd and not arguments.ref:
        raise UsageError("perfplug: --cmd goes with --ref; without, write --base-cmd and --head-cmd")
    return ways[said[0]]


@contextlib.contextmanager
def _commands(arguments: argparse.Namespace) -> Iterator[_Sides]:
    here = Path.cwd()
    with _both(arguments, (arguments.base_cmd, arguments.head_cmd), (here, here), arguments.health) as sides:
        yield sides


@contextlib.contextmanager
def _reference(arguments: argparse.Namespace) -> Iterator[_Sides]:
    here = Path.cwd()
    said = project.texts("ab", here, known=_SETTINGS)
    command = arguments.cmd or said.get("command")
    if not command:
        raise UsageError(
            "perfplug: --ref needs a command that starts the server: --cmd, or command in [tool.perfplug.ab] of "
            "pyproject.toml"
        )
    health = arguments.health or said.get("health")
    with worktree(arguments.ref, here) as old, _both(arguments, (command, command), (old, here), health) as sides:
        yield sides


@contextlib.contextmanager
def _both(
    arguments: argparse.Namespace, commands: tuple[str, str], folders: tuple[Path, Path], health: str | None
) -> Iterator[_Sides]:
    timeout = _duration("--start-timeout", arguments.start_timeout, START_TIMEOUT)
    with contextlib.ExitStack() as stack:
        running = [
            stack.enter_context(
                started(
                    Service(
                        name=name,
                        command=command.replace("{root}", str(folder)),
                        log=FOLDER / f"{name}.log",
                        health=health,
                        folder=folder,
                        timeout=timeout,
                    )
                )
            )
            for name, command, folder in zip(("base", "head"), commands, folders, strict=True)
        ]
        yield _Sides(running[0].url, running[1].url, tuple(running))


def _plan(arguments: argparse.Namespace, url: str) -> Plan:
    path = arguments.path
    if path is not None and not path.startswith(("/", "?")):
        raise UsageError(f"perfplug: {path!r} is not a path: write '/{path}'")
    side = argparse.Namespace(**vars(arguments))
    side.url = url if path is None else url.rstrip("/") + path
    return plan_of(side, ())


def _design(arguments: argparse.Namespace) -> ab.Design:
    return ab.Design(
        pairs=ab.PAIRS if arguments.pairs is None else arguments.pairs,
        block=arguments.block,
        allowance=Allowance(
            margin=_share("--margin", arguments.margin, MARGIN),
            tolerance=_share("--tolerance", arguments.tolerance, TOLERANCE),
        ),
        seed=1 if arguments.seed is None else arguments.seed,
    )


def _share(word: str, text: str | None, default: float) -> float:
    try:
        return default if text is None else parse_share(text)
    except UsageError as error:
        raise UsageError(f"perfplug: {word}: {error}") from None


def _duration(word: str, text: str | None, default: float) -> float:
    try:
        return default if text is None else parse_duration(amount_of(text), allow_number=True)
    except UsageError as error:
        raise UsageError(f"perfplug: {word}: {error}") from None


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)
