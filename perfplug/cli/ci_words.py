"""The words of the commands that help into CI: ``perfplug github``, whose parts are the steps of our action and can
each be tried by hand, and ``perfplug init``."""

from __future__ import annotations

import argparse
from collections.abc import Callable

AddParser = Callable[..., argparse.ArgumentParser]

OUT = "perfplug-out"
RESULT, AB = "result.json", "ab.json"  # in it
NO_BASE = "no-base"  # in it: there was nothing to compare with

_ABOUT = """\
The steps of perfplug's GitHub Action, as commands. Outside of a job they do the same, as far as it makes sense there;
an option with an empty value counts as not given. See docs/github-actions.md.

exit codes:
  test     pytest's
  ab       those of perfplug ab; 0 when there is no base to compare with, which is said
  report   0 when nothing failed; 1 for a failure, and for a result or a baseline that is not there; 5 for a damaged one
  comment  0, and 5 when GitHub does not take the comment
"""
_INIT = """\
Looks for FastAPI, Flask and Django, in the sources and without running them. A project that is none of these gets a
test of a service that already runs.

exit codes:
  0  everything is there, written now or before
  2  there is no such folder
  5  a file could not be written
"""


def add_github(add: AddParser) -> None:
    parser = add(
        "github",
        help="the steps of perfplug's GitHub Action",
        description="The steps of perfplug's GitHub Action.",
        epilog=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(dest="action", metavar="STEP", required=True)
    for add_step in (_add_test, _add_ab, _add_report, _add_comment):
        add_step(actions.add_parser)


def add_init(add: AddParser) -> None:
    parser = add(
        "init",
        help="begin in a project: a first test, the configuration, the workflow",
        description="Looks at a project, and writes what performance tests need to begin. Nothing is ever overwritten.",
        epilog=_INIT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("folder", metavar="FOLDER", nargs="?", default=".", help="the project's root; this one")


def _add_test(add: AddParser) -> None:
    step = _step(add, "test", "run pytest -m performance, and write every report to a folder")
    _add_out(step)
    step.add_argument("--arguments", default="", metavar="WORDS", help="further arguments of pytest, as in a shell")
    step.add_argument("--compare", default="", metavar="NAME", help="compare with this baseline")
    step.add_argument("--save-baseline", default="", metavar="NAME", help="add the loads to this baseline")
    step.add_argument("--history", type=_flag, default=False, metavar="true|false", help="add the loads to the history")
    _add_strict(step)


def _add_ab(add: AddParser) -> None:
    step = _step(add, "ab", "measure the pull request side by side with its base")
    _add_out(step)
    step.add_argument(
        "--arguments", default="", metavar="WORDS", help="of perfplug ab, as in a shell: '/items --users 9'"
    )


def _add_report(add: AddParser) -> None:
    step = _step(add, "report", "annotate failures, write the job summary, and give the verdict")
    _add_out(step)
    step.add_argument("--compare", default="", metavar="NAME", help="the baseline that was to be compared with")
    step.add_argument(
        "--missing-baseline",
        choices=("fail", "warn"),
        default="fail",
        help="what it means that this baseline is not there, or cannot be used at all (fail)",
    )
    step.add_argument("--ab", default="", metavar="WORDS", help="given when perfplug github ab was to run")
    _add_strict(step)


def _add_comment(add: AddParser) -> None:
    step = _step(add, "comment", "write the result under the pull request that the event's head belongs to")
    step.add_argument("result", metavar="RESULT.json", help="one that is not there is told as not measured")
    step.add_argument("--ab", default="", metavar="AB.json", help="the result of perfplug ab, if there is one")
    step.add_argument("--name", default="perfplug", metavar="NAME", help="one comment for each name; perfplug")
    step.add_argument(
        "--author",
        default="github-actions[bot]",
        metavar="LOGIN",
        help="whose comments may be changed: who the token belongs to (github-actions[bot])",
    )
    _add_strict(step)


def _step(add: AddParser, name: str, what: str) -> argparse.ArgumentParser:
    return add(name, help=what, description=f"{what[0].upper()}{what[1:]}.", allow_abbrev=False)


def _add_out(step: argparse.ArgumentParser) -> None:
    step.add_argument("--out", default=OUT, metavar="DIR", help=f"where the reports are; {OUT}")


def _add_strict(step: argparse.ArgumentParser) -> None:
    step.add_argument(
        "--strict", type=_flag, default=False, metavar="true|false", help="what cannot be decided is a failure too"
    )


def _flag(text: str) -> bool:
    if text in ("true", "false", ""):
        return text == "true"
    raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
