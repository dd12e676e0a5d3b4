"""Answers that break the rules, one fault each. What a client must make of them stands in tests/live."""

from __future__ import annotations

import itertools
import time

from answers import BODY, ok, response
from serving import Connection, Handler, Request

DRIP_S = 0.3
COUNTER = itertools.count()  # next() is atomic: all connections share it


def close_before_byte(connection: Connection, request: Request) -> bool:
    return False


def stale(connection: Connection, request: Request) -> bool:
    """A good answer that promises to go on; the connection's next request finds it closed."""
    return request.number == 0 and ok(connection, request)


def close_when_idle(connection: Connection, request: Request) -> bool:
    """Closes after each answer without having said so."""
    ok(connection, request)
    return False


def reset_before_reply(connection: Connection, request: Request) -> bool:
    connection.reset()
    return False


def reset_in_body(connection: Connection, request: Request) -> bool:
    connection.send(response()[: -len(BODY) // 2])
    time.sleep(0.02)  # the half body has arrived: its status is known before the reset
    connection.reset()
    return False


def never(connection: Connection, request: Request) -> bool:
    connection.wait_for_close()
    return False


def drip(connection: Connection, request: Request) -> bool:
    for byte in response():
        connection.send(bytes([byte]))
        time.sleep(DRIP_S)
    return True


def drip_on_the_first(connection: Connection, request: Request) -> bool:
    """Drips for whoever connected first and serves the others well."""
    return drip(connection, request) if connection.number == 0 else ok(connection, request)


def cut_chunk(connection: Connection, request: Request) -> bool:
    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
    return False


def bad_chunk(connection: Connection, request: Request) -> bool:
    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nhello\r\n0\r\n\r\n")
    return True


def long_length(connection: Connection, request: Request) -> bool:
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
    return False


def two_lengths(connection: Connection, request: Request) -> bool:
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 3\r\n\r\nhello")
    return True


def surplus(connection: Connection, request: Request) -> bool:
    connection.send(response() + b"and some more")
    return True


def huge_header_line(connection: Connection, request: Request) -> bool:
    connection.send(response(headers=("X-Long: " + "a" * 400_000,)))
    return True


def many_headers(connection: Connection, request: Request) -> bool:
    lines = tuple(f"X-Header-{number}: {'v' * 50}" for number in range(6_000))
    connection.send(response(headers=lines))
    return True


def endless(connection: Connection, request: Request) -> bool:
    connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:  # until the peer closes
        connection.send(b"x" * 65536)


def endless_header(connection: Connection, request: Request) -> bool:
    connection.send(b"HTTP/1.1 200 OK\r\nX-Endless: ")
    while True:  # until the peer closes
        connection.send(b"a" * 65536)


def endless_interim(connection: Connection, request: Request) -> bool:
    while True:  # until the peer closes
        connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n" * 1000)


def endless_trailer(connection: Connection, request: Request) -> bool:
    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n")
    while True:  # until the peer closes
        connection.send(b"X-Trailer: and another one\r\n" * 1000)


def wrong_length(connection: Connection, request: Request) -> bool:
    length = request.query["length"].encode()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\nhello")
    return True


def bad_gzip(connection: Connection, request: Request) -> bool:
    connection.send(response(b"\x1f\x8bthis is no gzip", headers=("Content-Encoding: gzip",)))
    return True


def binary(connection: Connection, request: Request) -> bool:
    connection.send(bytes(range(256)) * 4)
    return False


def redirect_to_self(connection: Connection, request: Request) -> bool:
    connection.send(response(b"", status="302 Found", headers=("Location: /redirect-to-self",)))
    return True


def storm(connection: Connection, request: Request) -> bool:
    """Good, overloaded, and too many requests, in turn."""
    status = ("200 OK", "503 Service Unavailable", "429 Too Many Requests")[next(COUNTER) % 3]
    connection.send(response(status=status))
    return True


FAULTS: dict[str, Handler] = {
    "/close-before-byte": close_before_byte,
    "/stale": stale,
    "/close-when-idle": close_when_idle,
    "/reset-before-reply": reset_before_reply,
    "/reset-in-body": reset_in_body,
    "/never": never,
    "/drip": drip,
    "/drip-on-the-first": drip_on_the_first,
    "/cut-chunk": cut_chunk,
    "/bad-chunk": bad_chunk,
    "/long-length": long_length,
    "/two-lengths": two_lengths,
    "/surplus": surplus,
    "/huge-header-line": huge_header_line,
    "/many-headers": many_headers,
    "/endless": endless,
    "/endless-header": endless_header,
    "/endless-interim": endless_interim,
    "/endless-trailer": endless_trailer,
    "/wrong-length": wrong_length,
    "/bad-gzip": bad_gzip,
    "/binary": binary,
    "/redirect-to-self": redirect_to_self,
    "/storm": storm,
}
