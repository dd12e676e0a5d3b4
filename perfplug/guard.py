"""Runs a command in a process group of its own and ends the whole group: when told to, and when whoever asked dies.

A program, not a module to import: ``python guard.py GRACE COMMAND...``. Its standard input is a pipe that the asking
process holds open; its end, however that comes about, is the order to stop. The exit code is the command's, or 128 and
the signal. Nothing but the standard library, and of that little: it starts within milliseconds.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time

_ORDERS = 0  # standard input
_DYING = 2.0  # seconds that the kernel may take to end a group
_LOOK = 0.02  # seconds between two looks at a group that was asked to end


def main(grace: float, command: list[str]) -> int:
    """Runs the command to its end or to that of standard input; `grace` is the time between SIGTERM and SIGKILL."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
        # All but the first are for the asking process, which then ends this one by its pipe. A handler, since what is
        # ignored would be ignored by the command as well.
        signal.signal(number, lambda number, frame: None)
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    while child.poll() is None and _ORDERS not in select.select([reader, _ORDERS], [], [])[0]:
        os.read(reader, 512)
    _end_group(child, grace)
    code = child.wait()
    return 128 - code if code < 0 else code


def _end_group(child: subprocess.Popen[bytes], grace: float) -> None:
    """The leader may be gone and its children still there."""
    _signal(child, signal.SIGTERM)
    if not _gone(child, grace):
        _signal(child, signal.SIGKILL)
        _gone(child, _DYING)


def _gone(child: subprocess.Popen[bytes], within: float) -> bool:
    deadline = time.monotonic() + within
    while _signal(child, 0):
        if time.monotonic() >= deadline:
            return False
        child.poll()  # a zombie is still in its group
        time.sleep(_LOOK)
    return True


def _signal(child: subprocess.Popen[bytes], number: int) -> bool:
    """Whether there was anyone left to tell."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)
        return True
    return False


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
