"""Servers started to be measured: healthy or said why not, and never left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest
from live_harness import HANG_S, SERVERS, eventually

from perfplug.errors import ServiceError
from perfplug.service import Service, started

SERVER = f"{sys.executable} {SERVERS / 'timed.py'} {{port}}"
HOLD = """
import sys, time
from pathlib import Path
from perfplug.service import Service, started
with started(Service(name="base", command=sys.argv[1], log=Path(sys.argv[2]))) as running:
    print(running.url, flush=True)
    time.sleep(600)
"""


def service(tmp_path: Path, command: str = SERVER, **settings: object) -> Service:
    return Service(name="base", command=command, log=tmp_path / "logs" / "base.log", **settings)  # type: ignore[arg-type]


def port_of(url: str) -> int:
    return int(url.rsplit(":", 1)[1])


def nobody_listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def naming(word: str) -> list[psutil.Process]:
    """Processes with this word on their command line."""
    return [process for process in psutil.process_iter(["cmdline"]) if word in (process.info["cmdline"] or [])]


def test_a_server_is_healthy_on_its_port_and_gone_with_all_its_children(tmp_path: Path) -> None:
    with started(service(tmp_path, SERVER + " --children 2", health="/health")) as running:
        port = port_of(running.url)
        assert urllib.request.urlopen(running.url + "/health").read() == b"ok"
        assert len(naming(f"child-of-{port}")) == 2
        assert running.death() is None
    assert nobody_listens(port)
    assert naming(f"child-of-{port}") == []
    assert f"listening on {port}" in (tmp_path / "logs" / "base.log").read_text()


def test_the_port_is_in_the_environment_too_and_the_folder_is_its_own(tmp_path: Path) -> None:
    command = f"pwd; {sys.executable} {SERVERS / 'timed.py'} $PORT"
    with started(service(tmp_path, command, folder=tmp_path, environment={"EXTRA": "1"})) as running:
        assert urllib.request.urlopen(running.url).status == 200
    assert (tmp_path / "logs" / "base.log").read_text().startswith(str(tmp_path))


def test_a_command_that_dies_is_told_with_its_exit_code_and_last_words(tmp_path: Path) -> None:
    with (
        pytest.raises(ServiceError, match="base: ended by itself, exit code 3") as raised,
        started(service(tmp_path, "echo one; echo no database >&2; exit 3")),
    ):
        pass
    assert raised.value.log == ("one", "no database")
    with pytest.raises(ServiceError, match="exit code 127") as raised, started(service(tmp_path, "/nowhere/serve")):
        pass
    assert "not found" in raised.value.log[-1]


def test_a_command_that_was_killed_is_told_with_its_signal(tmp_path: Path) -> None:
    with (
        pytest.raises(ServiceError, match=f"signal {signal.SIGKILL:d}; it said nothing"),
        started(service(tmp_path, "kill -9 $$")),
    ):
        pass


def test_a_server_that_never_listens_is_given_up_and_ended(tmp_path: Path) -> None:
    command = "echo warming up; exec sleep 54321"
    with (
        pytest.raises(ServiceError, match=r"not healthy after 0\.5 s: no connection to port \d+") as raised,
        started(service(tmp_path, command, timeout=0.5)),
    ):
        pass
    assert raised.value.log == ("warming up",)
    assert naming("54321") == []


def test_a_server_that_answers_but_is_not_healthy_is_given_up(tmp_path: Path) -> None:
    with (
        pytest.raises(ServiceError, match="not healthy after 1 s: GET .*/health: status 503"),
        started(service(tmp_path, SERVER + " --status 503", health="/health", timeout=1.0)),
    ):
        pass


def test_a_folder_that_is_not_there_is_an_error_of_ours(tmp_path: Path) -> None:
    with (
        pytest.raises(ServiceError, match="not started: No such file or directory"),
        started(service(tmp_path, folder=tmp_path / "nowhere")),
    ):
        pass


def test_what_ignores_the_request_to_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perfplug.service._GRACE", 0.2)
    command = f"trap '' TERM; {SERVER} & wait; sleep 600"
    with started(service(tmp_path, command)) as running:
        port = port_of(running.url)
    assert nobody_listens(port)


@pytest.mark.parametrize("killed_by", [signal.SIGKILL, signal.SIGTERM])
def test_no_server_outlives_a_process_that_was_killed(tmp_path: Path, killed_by: signal.Signals) -> None:
    command = [sys.executable, "-c", HOLD, SERVER + " --children 1", str(tmp_path / "base.log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        port = port_of(holder.stdout.readline().strip())
        assert naming(f"child-of-{port}")
        os.kill(holder.pid, killed_by)
        holder.wait(HANG_S)
    eventually(lambda: nobody_listens(port) and not naming(f"child-of-{port}"), "the end of the server")
