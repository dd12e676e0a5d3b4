"""What the test servers share: a listener, a thread for each connection, and a log of the requests that really came.

A server prints "port N" when it listens and ends when its standard input does, so that none outlives the tests. The
log has one JSON line a request, written before the answer and in one write: it is whole even after a SIGKILL.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

HEAD_MAX = 1024 * 1024


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]  # names in lower case
    body: bytes
    number: int  # on this connection, from 0


class Connection:
    """An accepted connection: whole requests in, raw bytes out."""

    def __init__(self, sock: socket.socket, number: int) -> None:
        self.sock = sock
        self.number = number  # of all connections, from 0
        self._buffer = b""
        self._requests = 0

    def read_request(self) -> Request | None:
        """The next request, or None when the peer has closed or does not speak HTTP."""
        head = self._read_head()
        if head is None:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        url = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        body = self._read_exactly(int(headers.get("content-length", "0")))
        self._requests += 1
        return Request(method, url.path, query, headers, body, self._requests - 1)

    def send(self, data: bytes) -> None:
        """In one go: header and body apart would wait 40 ms for a delayed ACK."""
        self.sock.sendall(data)

    def reset(self) -> None:
        """Closes with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.sock.detach())  # past TLS: no close_notify, just the RST

    def finish(self) -> None:
        """Ends TLS in order, with a close_notify: what came so far was all."""
        if isinstance(self.sock, ssl.SSLSocket):
            self.sock.settimeout(1)
            with contextlib.suppress(OSError):
                self.sock.unwrap()

    def wait_for_close(self) -> None:
        """Sends nothing more, until the peer gives up."""
        with contextlib.suppress(OSError):
            while self.sock.recv(65536):
                pass

    def _read_head(self) -> bytes | None:
        while b"\r\n\r\n" not in self._buffer:
            data = self.sock.recv(65536)
            if not data or len(self._buffer) > HEAD_MAX:
                return None
            self._buffer += data
            if not self._buffer[:1].isupper():  # such as the start of TLS
                self.send(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
                return None
        head, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
        return head

    def _read_exactly(self, length: int) -> bytes:
        while len(self._buffer) < length:
            data = self.sock.recv(65536)
            if not data:
                raise ConnectionError("the peer closed within a request")
            self._buffer += data
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return body


# Answers one request; True: the connection goes on.
Handler = Callable[[Connection, Request], bool]


class RequestLog:
    """One line a request, appended in one write."""

    def __init__(self, path: str | None) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if path else None

    def write(self, connection: Connection, request: Request) -> None:
        if self._fd is None:
            return
        seen = {
            "connection": connection.number,
            "method": request.method,
            "path": request.path,
            "headers": request.headers,
            "body": request.body[:1000].decode("latin-1"),
            "body_length": len(request.body),
        }
        os.write(self._fd, json.dumps(seen).encode() + b"\n")


def arguments(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--unix", help="listen on this socket file instead")
    parser.add_argument("--log", help="append the requests seen to this file")
    return parser


def end_with_stdin() -> None:
    """Ends this process when whoever started it is gone."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def listen(options: argparse.Namespace) -> socket.socket:
    if options.unix:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(options.unix)
        listener.listen(1024)
        return listener
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listener = socket.create_server((options.host, options.port), family=family, backlog=1024)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def announce(listener: socket.socket) -> None:
    port = listener.getsockname()[1] if listener.family != socket.AF_UNIX else 0
    print(f"port {port}", flush=True)


def serve(options: argparse.Namespace, handler: Handler, tls: ssl.SSLContext | None = None) -> None:
    """Serves until killed."""
    end_with_stdin()
    log = RequestLog(options.log)
    sys.setswitchinterval(0.001)
    with listen(options) as listener:
        announce(listener)
        for number in itertools.count():
            sock, _ = listener.accept()
            threading.Thread(target=_serve_connection, args=(sock, number, handler, log, tls), daemon=True).start()


def _serve_connection(
    sock: socket.socket, number: int, handler: Handler, log: RequestLog, tls: ssl.SSLContext | None
) -> None:
    # A client that gives up, resets or refuses our certificate is what these servers are for: nothing to report.
    with contextlib.suppress(OSError):
        if tls is not None:
            sock = _wrap(sock, tls)
        with sock:
            connection = Connection(sock, number)
            while (request := connection.read_request()) is not None:
                log.write(connection, request)
                if not handler(connection, request):
                    return


def _wrap(sock: socket.socket, tls: ssl.SSLContext) -> socket.socket:
    wrapped = tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
    try:
        wrapped.do_handshake()
    except OSError:
        _hang_up(socket.socket(fileno=wrapped.detach()))
        raise
    return wrapped


def _hang_up(sock: socket.socket) -> None:
    """Ends so that the peer sees our alert: to close with its bytes unread would send a reset after it."""
    with sock, contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
        sock.settimeout(5)
        while sock.recv(65536):
            pass
