"""The servers the clients are measured against."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench import machine

_SOURCE = Path(__file__).with_name("delay_server.c")

_NGINX = """\
worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log;
worker_rlimit_nofile 65536;
events {{ worker_connections 19000; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  http2_max_concurrent_streams 128;
  server {{
    listen 127.0.0.1:{http} backlog=16384;
    listen 127.0.0.1:{https} ssl http2 backlog=16384;
    ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
    location / {{ default_type application/json; return 200 '{{"status":"ok","id":42,"name":"session-status"}}'; }}
  }}
}}
"""


@dataclass(frozen=True)
class Nginx:
    http: str
    https: str
    ca_file: str


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await_port(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"no server on port {port}")
        time.sleep(0.02)


@contextlib.contextmanager
def nginx() -> Iterator[Nginx]:
    """nginx, one worker, a 48-byte JSON body, http and https (with HTTP/2)."""
    http, https = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
             "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem",
             "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
            check=True, capture_output=True,
        )  # fmt: skip
        Path(folder, "nginx.conf").write_text(_NGINX.format(folder=folder, http=http, https=https))
        process = machine.start_server(
            ["nginx", "-e", f"{folder}/error.log", "-p", folder, "-c", f"{folder}/nginx.conf"]
        )
        try:
            _await_port(http)
            yield Nginx(f"http://127.0.0.1:{http}/", f"https://127.0.0.1:{https}/", f"{folder}/cert.pem")
        finally:
            machine.stop(process)


@contextlib.contextmanager
def delay_server(*options: str) -> Iterator[str]:
    """Our server with log-normal delays (delay_server.c), compiled on the spot. Yields its URL."""
    compiler = shutil.which("gcc") or shutil.which("cc") or "gcc"
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/delay_server"
        subprocess.run([compiler, "-O2", "-D_GNU_SOURCE", "-o", program, str(_SOURCE), "-lm"], check=True)
        process = machine.start_server([program, *options])
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline().split()[1])}/"
        finally:
            machine.stop(process)
