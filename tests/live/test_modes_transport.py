"""Ways to the server: unix sockets, certificates of both sides, HTTP/2, proxies."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from live_harness import HANG_S, StartServer, Target, eventually, free_ports, measure

from perfplug.engine import CURL_FEATURES, CURL_VERSION
from perfplug.errors import UsageError
from perfplug.plan import Tls

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


@pytest.fixture
def socket_path() -> Iterator[Path]:
    # Not tmp_path, which may be longer than the 107 bytes of a socket's name.
    with tempfile.TemporaryDirectory(prefix="pp-") as folder:
        yield Path(folder, "server.sock")


def test_a_unix_socket_is_a_server_like_any_other(serve: StartServer, socket_path: Path, cookies: bool) -> None:
    server = serve("--unix", str(socket_path))
    url = f"http+unix://{quote(str(socket_path), safe='')}/ok?a=b"
    result = measure(url, cookies=cookies, users=3, requests=30, expect_text="items")
    assert (result.ok, result.connections) == (30, 3)
    assert len(server.seen()) == 30
    assert {seen["headers"]["host"] for seen in server.seen()} == {"localhost"}


def test_faults_are_told_on_a_unix_socket_too(serve: StartServer, socket_path: Path, cookies: bool) -> None:
    serve("--unix", str(socket_path))
    prefix = f"http+unix://{quote(str(socket_path), safe='')}"
    assert measure(f"{prefix}/cut-chunk", cookies=cookies, requests=3).errors == {"truncated": 3}
    assert measure(f"{prefix}/never", cookies=cookies, timeout=0.3).errors == {"timeout": 1}


def test_a_client_certificate_is_shown(serve: StartServer, certificates: Path, cookies: bool) -> None:
    ca = str(certificates / "ca.pem")
    server = serve("--certificate", str(certificates / "good"), "--client-ca", ca, scheme="https")
    client = Tls(ca_file=ca, cert_file=str(certificates / "client.pem"), key_file=str(certificates / "client.key"))
    result = measure(server.url("/ok"), cookies=cookies, tls=client, users=2, requests=10)
    assert (result.ok, len(server.seen())) == (10, 10)


def test_a_certificate_holds_for_a_name_as_well_as_for_an_address(
    serve: StartServer, certificates: Path, cookies: bool
) -> None:
    server = serve("--certificate", str(certificates / "good"), scheme="https")
    url = server.url("/ok").replace("127.0.0.1", "localhost")
    assert measure(url, cookies=cookies, tls=Tls(ca_file=str(certificates / "ca.pem")), requests=4).ok == 4


def test_ipv6_is_spoken(serve: StartServer, cookies: bool) -> None:
    try:
        server = serve(host="::1")
    except RuntimeError:
        pytest.skip("no IPv6 here")
    result = measure(f"http://[::1]:{server.port}/ok", cookies=cookies, users=2, requests=6)
    assert result.ok == 6
    assert {seen["headers"]["host"] for seen in server.seen()} == {f"[::1]:{server.port}"}


@dataclass
class Nginx:
    """Speaks HTTP/2: over TLS on one port, with prior knowledge on the other."""

    tls_port: int
    plain_port: int
    log: Path

    def protocols(self) -> list[str]:
        """The protocol of each request that it answered."""
        return self.log.read_text().split() if self.log.exists() else []


NGINX_CONFIG = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    log_format protocol '$server_protocol'; access_log {folder}/access.log protocol;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    server {{
        listen 127.0.0.1:{tls_port} ssl http2; listen 127.0.0.1:{plain_port} http2;
        ssl_certificate {certificates}/good.pem; ssl_certificate_key {certificates}/good.key;
        location /ok {{ return 200 "hello from nginx"; }}
        location /no-content {{ return 204; }}
        location /busy {{ return 503 "later"; }}
        location /gone {{ return 444; }}
    }}
}}
"""


@pytest.fixture
def nginx(tmp_path: Path, certificates: Path) -> Iterator[Nginx]:
    if NGINX is None:
        pytest.skip("needs nginx, for HTTP/2")
    tls_port, plain_port = free_ports(2)
    config = tmp_path / "nginx.conf"
    config.write_text(
        NGINX_CONFIG.format(folder=tmp_path, certificates=certificates, tls_port=tls_port, plain_port=plain_port)
    )
    process = subprocess.Popen([NGINX, "-p", str(tmp_path), "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: (tmp_path / "pid").exists() or process.poll() is not None, "nginx")
        assert process.poll() is None, (tmp_path / "error.log").read_text()
        yield Nginx(tls_port, plain_port, tmp_path / "access.log")
    finally:
        process.kill()
        process.wait(HANG_S)


@pytest.fixture
def trusting(certificates: Path) -> Tls:
    return Tls(ca_file=str(certificates / "ca.pem"))


def test_http2_is_spoken_over_tls(nginx: Nginx, trusting: Tls) -> None:
    url = f"https://127.0.0.1:{nginx.tls_port}/ok"
    result = measure(url, http="2", tls=trusting, users=4, requests=100, expect_text="hello")
    assert (result.ok, result.transport, result.connections) == (100, "curl", 4)
    eventually(lambda: len(nginx.protocols()) == 100, "nginx's log")
    assert set(nginx.protocols()) == {"HTTP/2.0"}


def test_http2_is_spoken_in_plain_with_prior_knowledge(nginx: Nginx) -> None:
    settings: dict[str, Any] = {"url": f"http://127.0.0.1:{nginx.plain_port}/ok", "http": "2", "requests": 20}
    if CURL_VERSION.startswith("libcurl/7.88."):  # which cannot use such a connection again
        with pytest.raises(UsageError, match="HTTP/2"):
            measure(**settings)
        return
    assert measure(**settings).ok == 20
    eventually(lambda: len(nginx.protocols()) == 20, "nginx's log")
    assert set(nginx.protocols()) == {"HTTP/2.0"}


def test_http2_streams_share_few_connections(nginx: Nginx, trusting: Tls) -> None:
    url = f"https://127.0.0.1:{nginx.tls_port}/ok"
    result = measure(url, http="2", streams=5, tls=trusting, users=20, requests=1000)
    assert result.ok == 1000
    assert result.connections == 4


def test_statuses_and_texts_are_judged_over_http2(nginx: Nginx, trusting: Tls) -> None:
    prefix = f"https://127.0.0.1:{nginx.tls_port}"
    assert measure(f"{prefix}/no-content", http="2", tls=trusting, requests=3).statuses == {204: 3}
    assert measure(f"{prefix}/busy", http="2", tls=trusting, requests=3).errors == {"status": 3}
    lacking = measure(f"{prefix}/ok", http="2", tls=trusting, requests=3, expect_text="no such")
    assert lacking.errors == {"content": 3}


def test_a_server_that_hangs_up_over_http2_is_an_error(nginx: Nginx, trusting: Tls) -> None:
    url = f"https://127.0.0.1:{nginx.tls_port}/gone"
    result = measure(url, http="2", tls=trusting, users=2, requests=4)
    assert (result.ok, sum(result.errors.values())) == (0, 4)
    assert set(result.errors) <= {"empty_reply", "reset", "protocol", "stale_connection", "truncated"}


def test_http2_to_a_server_that_only_knows_http1_is_protocol(serve: StartServer, certificates: Path) -> None:
    server = serve("--certificate", str(certificates / "good"), scheme="https")
    result = measure(server.url("/ok"), http="2", tls=Tls(ca_file=str(certificates / "ca.pem")), requests=3)
    assert result.errors == {"protocol": 3}


def test_http3_without_a_libcurl_that_has_it_is_a_clear_error(serve: StartServer) -> None:
    if "http3" in CURL_FEATURES:
        pytest.skip("this libcurl has HTTP/3")
    with pytest.raises(UsageError, match=r"HTTP/3"):
        measure(serve().url("/ok").replace("http://", "https://"), http="3", requests=1)


def test_a_proxy_carries_the_requests(serve: StartServer) -> None:
    proxy = serve()
    result = measure("http://shop.invalid/ok", proxy=proxy.url(""), users=2, requests=6)
    assert (result.ok, result.transport) == (6, "curl")
    assert {seen["headers"]["host"] for seen in proxy.seen()} == {"shop.invalid"}


def test_the_environments_proxies_are_never_used(
    target: Target, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert target.measure("/ok", requests=4).ok == 4
