"""Report files: old or new, never torn.

A report is written to a file of its own beside the target, synced, then renamed over it. Whatever goes wrong, a file
that was there before is whole.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

from perfplug.errors import ReportError


def write(path: str | os.PathLike[str], text: str) -> None:
    """Puts `text` into the file at `path` as UTF-8, making missing folders. ReportError, with one line, on failure.

    A symbolic link stays and what it points to is replaced. A device or pipe is written to as it is.
    """
    try:
        target = Path(os.path.realpath(path))
        data = text.encode("utf-8", "replace")
        mode = _mode(target)
        if mode is not None and not stat.S_ISREG(mode):
            _write_in_place(target, data)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            _replace(target, data, mode)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ReportError(f"{os.fspath(path)}: not written: {reason}") from error


def _mode(target: Path) -> int | None:
    try:
        return target.stat().st_mode
    except FileNotFoundError:
        return None


def _write_in_place(target: Path, data: bytes) -> None:
    with open(target, "wb", buffering=0) as file:
        _write_all(file.fileno(), data)


def _replace(target: Path, data: bytes, mode: int | None) -> None:
    # The name does not contain the target's, which may already be as long as a name can be.
    temporary = target.with_name(f".perfplug-{secrets.token_hex(8)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        try:
            if mode is not None:
                os.fchmod(descriptor, stat.S_IMODE(mode))
            _write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(target.parent)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_folder(folder: Path) -> None:
    # The rename itself must survive a power cut; file systems that cannot sync a folder lose nothing else.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
