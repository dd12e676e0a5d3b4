"""A server that knows its own delays: it draws them, keeps to them, and records how long it really had each request.

A program, not a module to import: ``python server.py SEED MEDIAN SPREAD``. It prints "port N" and ends with its
standard input. ``GET /truth`` answers with the times of all requests since the last such, in seconds, as JSON;
anything else takes its time. A time begins when the request reached this host, by the kernel's stamp where there is
one, and ends just before the answer is handed to the kernel. Nothing but the standard library.
"""

from __future__ import annotations

import json
import math
import os
import random
import socket
import struct
import sys
import threading
import time

_TIMESTAMPNS = 35  # SO_TIMESTAMPNS of Linux, which the socket module does not name
_STAMP = struct.Struct("@ll")
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_TAIL, _SLOWER = 0.02, 4.0  # one in fifty takes four times as long


class Delays:
    """Log-normal, with a tail."""

    def __init__(self, seed: int, median: float, spread: float) -> None:
        self._chance = random.Random(seed)
        self._lock = threading.Lock()
        self._median, self._spread = median, spread

    def draw(self) -> float:
        with self._lock:
            drawn = self._median * math.exp(self._chance.gauss(0.0, self._spread))
            return drawn * _SLOWER if self._chance.random() < _TAIL else drawn


class Record:
    """What was true."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._times: list[float] = []

    def add(self, seconds: float) -> None:
        with self._lock:
            self._times.append(seconds)

    def take(self) -> list[float]:
        with self._lock:
            taken, self._times = self._times, []
            return taken


def serve(connection: socket.socket, delays: Delays, record: Record) -> None:
    """One connection, to its end."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if sys.platform == "linux":
        connection.setsockopt(socket.SOL_SOCKET, _TIMESTAMPNS, 1)
    with connection:
        while True:
            request, arrived = _receive(connection)
            if not request:
                return
            if request.startswith(b"GET /truth"):
                body = json.dumps(record.take()).encode()
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
                continue
            time.sleep(delays.draw())
            record.add((time.time_ns() - arrived) / 1e9)
            connection.sendall(_ANSWER)


def _receive(connection: socket.socket) -> tuple[bytes, int]:
    """A request, which our own client sends in one piece, and when it arrived, in nanoseconds since 1970."""
    try:
        data, notes, _, _ = connection.recvmsg(65536, socket.CMSG_SPACE(_STAMP.size))
    except OSError:
        return b"", 0
    now = time.time_ns()
    for level, kind, note in notes:
        if level == socket.SOL_SOCKET and kind == _TIMESTAMPNS and len(note) == _STAMP.size:
            seconds, nanoseconds = _STAMP.unpack(note)
            stamp = seconds * 10**9 + nanoseconds
            return data, stamp if 0 <= now - stamp < 10**9 else now
    return data, now


def main() -> None:
    seed, median, spread = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    delays, record = Delays(seed, median, spread), Record()
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(f"port {listener.getsockname()[1]}", flush=True)

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection, delays, record), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.buffer.read()
    os._exit(0)  # connections may still be open


if __name__ == "__main__":
    main()
