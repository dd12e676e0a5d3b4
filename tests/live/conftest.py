"""Fixtures of the live tests: servers that are killed whatever happens, certificates, ports."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import live_harness
import pytest
from live_harness import WAYS, Server, StartServer, Target, free_ports, start_server

from perfplug.plan import Tls


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[StartServer]:
    """Starts servers: ``serve("--certificate", path, program="server.py", scheme="https")``."""
    servers: list[Server] = []
    numbers = itertools.count()

    def start(*arguments: str, program: str = "server.py", scheme: str = "http", host: str = "127.0.0.1") -> Server:
        log = tmp_path / f"requests-{next(numbers)}.jsonl"
        servers.append(start_server(program, log, *arguments, scheme=scheme, host=host))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with NAME.pem and NAME.key for: ca, good, expired, wrong-host, client, self-signed."""
    folder = tmp_path_factory.mktemp("certificates")
    program = "import sys, pathlib, certificates; certificates.write_all(pathlib.Path(sys.argv[1]))"
    made = live_harness.run_python("-c", program, str(folder), cwd=live_harness.SERVERS)
    assert made.returncode == 0, made.stderr
    return folder


def make_target(way: str, serve: StartServer, certificates: Path) -> Target:
    if way != "h1-tls":
        return Target(serve(), way)
    server = serve("--certificate", str(certificates / "good"), scheme="https")
    return Target(server, way, Tls(ca_file=str(certificates / "ca.pem")))


@pytest.fixture(params=WAYS)
def target(request: pytest.FixtureRequest, serve: StartServer, certificates: Path) -> Target:
    """A server behind each of the three ways in turn."""
    return make_target(request.param, serve, certificates)


@pytest.fixture(params=["h1", "h1-tls"])
def fast_target(request: pytest.FixtureRequest, serve: StartServer, certificates: Path) -> Target:
    """The fast path, plain and over TLS."""
    return make_target(request.param, serve, certificates)


@pytest.fixture
def curl_target(serve: StartServer) -> Target:
    """libcurl's own path."""
    return Target(serve(), "curl")


@pytest.fixture(params=["h1", "curl"])
def cookies(request: pytest.FixtureRequest) -> bool:
    """False keeps a plan on the fast path, True forces it onto libcurl's."""
    return bool(request.param == "curl")


@pytest.fixture
def closed_port() -> int:
    return free_ports(1)[0]
