"""The command ``perfplug``. Every error of the user's is one line on standard error; none is a traceback."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence

from perfplug import errors


def main(words: Sequence[str] | None = None) -> int:
    """Runs the command with these words (None: the process's own) and returns its exit code."""
    try:
        return _main(sys.argv[1:] if words is None else words)
    except KeyboardInterrupt:
        # From here on another press ends the process without a word.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        return 130


def _main(words: Sequence[str]) -> int:
    # Imported late, so that Ctrl-C ends the command in peace from its first moment on.
    from perfplug.cli.arguments import parse

    try:
        arguments = parse(words)
        return _run(arguments)
    except BrokenPipeError:
        # Whoever read our output (| head) has gone away, which is no fault of theirs or ours.
        from perfplug.cli.run import silence_stdout

        silence_stdout()
        return 128 + signal.SIGPIPE
    except errors.PerfplugError as error:
        from perfplug.report.escape import console, printable

        message = _redact(str(error).removeprefix("perfplug: "), words)
        print(f"perfplug: {printable(message)}", file=sys.stderr)
        for line in error.log if isinstance(error, errors.ServiceError) else ():
            print(f"  | {console(printable(_redact(line, words)))}", file=sys.stderr)
        return _exit_code(error)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.command == "ab":
        from perfplug.cli.ab import run
    elif arguments.command == "compare":
        from perfplug.cli.compare import run
    elif arguments.command == "baseline":
        from perfplug.cli.baseline import run
    elif arguments.command == "history":
        from perfplug.cli.history import run
    elif arguments.command == "doctor":
        from perfplug.cli.doctor import run
    elif arguments.command == "report":
        from perfplug.cli.report import run
    elif arguments.command == "github":
        from perfplug.cli.github import run
    elif arguments.command == "init":
        from perfplug.cli.init import run
    else:
        from perfplug.cli.run import run
    return int(run(arguments))


def _exit_code(error: errors.PerfplugError) -> int:
    codes = {
        errors.InvalidMeasurement: 3,
        errors.TargetUnreachable: 4,
        errors.ReportError: 5,
        errors.ServiceError: 6,
        errors.RepositoryError: 7,
    }
    return next((code for kind, code in codes.items() if isinstance(error, kind)), 2)


def _redact(message: str, words: Sequence[str]) -> str:
    """The message without the secrets of the command line, which may be what was said wrongly."""
    from perfplug.report.redact import Redactor, header_secrets, looks_secret, url_secrets

    secrets: list[str] = []
    for word in words:
        secrets += url_secrets(word)
        name, colon, value = word.partition(":")
        if colon and looks_secret(name.strip()):
            secrets += header_secrets(value)
    return Redactor(secrets)(message)
