"""What the machine may do to the measuring side: no ports, no descriptors, a network that swallows everything, a fork,
a wall clock that is set (rows 21, 22, 24, 31 and 32 of the fault list). Each in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from live_harness import StartServer, run_python

ISOLATED = Path(__file__).parent / "isolated"
NAMESPACE = ("unshare", "--map-root-user", "--net")


@pytest.fixture(params=["h1", "curl"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def namespace() -> tuple[str, ...]:
    """The command prefix that gives a process a network of its own; skips where that is not allowed."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        pytest.skip("needs unshare and ip, for a network namespace")
    tried = subprocess.run([*NAMESPACE, "ip", "link", "set", "lo", "up"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"may not make a network namespace here: {tried.stderr.strip()}")
    return NAMESPACE


def report_of(program: str, *arguments: str, **options: Any) -> dict[str, Any]:
    ended = run_python(str(ISOLATED / program), *arguments, **options)
    assert ended.returncode == 0, ended.stderr
    report: dict[str, Any] = json.loads(ended.stdout)
    return report


def test_no_local_port_left_is_client_ports_and_invalid(namespace: tuple[str, ...], way: str, tmp_path: Path) -> None:
    said = report_of("ports.py", way, str(tmp_path / "log"), prefix=namespace)
    assert set(said["errors"]) == {"client_ports"}
    assert said["errors"]["client_ports"] + said["ok"] == 60
    assert 0 < said["ok"] <= 20
    assert said["seen"] == said["ok"]
    assert not said["valid"]
    assert "port" in " ".join(said["causes"])


def test_a_peer_that_vanishes_is_timeout_and_leaves_no_socket(
    namespace: tuple[str, ...], way: str, tmp_path: Path
) -> None:
    if shutil.which("iptables") is None and shutil.which("nft") is None:
        pytest.skip("needs iptables or nft, to drop packets")
    said = report_of("vanish.py", way, str(tmp_path / "log"), prefix=namespace)
    assert said["ok"] > 0
    assert said["errors"].get("timeout", 0) >= 4  # those in flight; later ones may fail while dialling
    assert set(said["errors"]) <= {"timeout", "connect_timeout"}
    assert said["finished"] < 2.5 + 2.0
    assert said["sockets"] == 0


def test_too_few_descriptors_are_said_before_the_run(serve: StartServer, way: str) -> None:
    server = serve()
    said = report_of("descriptors.py", server.url("/ok"), way, "64", "200", "0")
    assert said["refused"] == "InvalidMeasurement"
    assert "64" in said["message"]
    assert "descriptors" in said["message"]
    assert server.seen() == []


def test_descriptors_that_run_out_during_the_run_are_client_fds(serve: StartServer, way: str) -> None:
    server = serve()
    said = report_of("descriptors.py", server.url("/slow?seconds=0.5"), way, "128", "60", "90")
    if "refused" in said:  # the descriptors that are taken already may be counted beforehand
        assert "descriptors" in said["message"]
        assert server.seen() == []
    else:
        assert set(said["errors"]) == {"client_fds"}
        assert said["ok"] > 0
        assert not said["valid"]


def test_both_sides_of_a_fork_can_measure(serve: StartServer, way: str) -> None:
    ended = run_python(str(ISOLATED / "forking.py"), serve().url("/ok"), way)
    assert ended.returncode == 0, ended.stderr


def test_a_wall_clock_that_is_set_spoils_no_time(serve: StartServer, way: str, tmp_path: Path) -> None:
    compiler = shutil.which((sysconfig.get_config_var("CC") or "cc").split()[0]) or shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler, for a wall clock that steps")
    shim = tmp_path / "stepping_clock.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", shim, ISOLATED / "stepping_clock.c"], check=True)
    path = f"{Path(__file__).parent}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    preload = f"{os.environ.get('LD_PRELOAD', '')} {shim}".strip()  # after a sanitizer's, which must come first
    environment = {**os.environ, "LD_PRELOAD": preload, "PYTHONPATH": path}
    said = report_of("stepped.py", serve().url("/ok"), way, env=environment)
    assert said["stepped"], "the preloaded clock was not in use"
    assert said["ok"] == 2000
    assert 0 < said["duration"] <= said["finished"] + 0.1
    assert min(said["lowest"].values()) >= 0
    assert max(said["highest"].values()) <= said["took"] + 0.1
