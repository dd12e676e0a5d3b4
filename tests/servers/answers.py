"""Answers of a server that keeps to HTTP/1.1, in all the shapes that HTTP/1.1 has."""

from __future__ import annotations

import gzip
import time

from serving import Connection, Handler, Request

BODY = b'{"status":"ok","items":[1,2,3]}'


def response(
    body: bytes = BODY, *, status: str = "200 OK", headers: tuple[str, ...] = (), content_length: bool = True
) -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers]
    if content_length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def ok(connection: Connection, request: Request) -> bool:
    connection.send(response(b"" if request.method == "HEAD" else BODY))
    return True


def head_of_a_large_body(connection: Connection, request: Request) -> bool:
    body = b"" if request.method == "HEAD" else b"x" * 100_000
    connection.send(response(body, headers=("Content-Length: 100000",), content_length=False))
    return True


def size(connection: Connection, request: Request) -> bool:
    connection.send(response(b"x" * int(request.query["bytes"])))
    return True


def slow(connection: Connection, request: Request) -> bool:
    time.sleep(float(request.query["seconds"]))
    return ok(connection, request)


def sometimes(connection: Connection, request: Request) -> bool:
    """Slow every so many requests of a connection, not all connections at once; else after 2 ms."""
    at_turn = (request.number + connection.number) % int(request.query["every"]) == 0
    time.sleep(float(request.query["seconds"]) if at_turn else 0.002)
    return ok(connection, request)


def status(connection: Connection, request: Request) -> bool:
    code = request.query["code"]
    connection.send(response(b"" if code == "304" else BODY, status=f"{code} As Asked"))
    return True


def no_content(connection: Connection, request: Request) -> bool:
    connection.send(response(b"", status="204 No Content", content_length=False))
    return True


def chunked(connection: Connection, request: Request) -> bool:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(b"%x;note=1\r\n%b\r\n" % (len(part), part) for part in (BODY[:9], BODY[9:]))
    connection.send(head + chunks + b"0\r\nX-Sum: 1\r\n\r\n")
    return True


def interim(connection: Connection, request: Request) -> bool:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
    connection.send(hints + response())
    return True


def until_close(connection: Connection, request: Request) -> bool:
    connection.send(response(content_length=False))
    connection.finish()
    return False


def http10(connection: Connection, request: Request) -> bool:
    connection.send(response().replace(b"HTTP/1.1", b"HTTP/1.0", 1))
    connection.finish()
    return False


def close(connection: Connection, request: Request) -> bool:
    """Keep-alive is off, and the server says so."""
    connection.send(response(headers=("Connection: close",)))
    connection.finish()
    return False


def in_pieces(connection: Connection, request: Request) -> bool:
    for byte in response():
        connection.send(bytes([byte]))
    return True


def compressed(connection: Connection, request: Request) -> bool:
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return ok(connection, request)
    connection.send(response(gzip.compress(BODY), headers=("Content-Encoding: gzip",)))
    return True


def bomb(connection: Connection, request: Request) -> bool:
    """A few kilobytes that decompress to ten million."""
    connection.send(response(gzip.compress(b"0" * 10_000_000), headers=("Content-Encoding: gzip",)))
    return True


def cookie(connection: Connection, request: Request) -> bool:
    """Welcomes with a cookie and knows again who brings it."""
    known = "session=" in request.headers.get("cookie", "")
    headers = () if known else ("Set-Cookie: session=42; Path=/",)
    connection.send(response(b"welcome back" if known else b"welcome", headers=headers))
    return True


def redirect(connection: Connection, request: Request) -> bool:
    connection.send(response(b"", status="302 Found", headers=(f"Location: {request.query['to']}",)))
    return True


ANSWERS: dict[str, Handler] = {
    "/ok": ok,
    "/head": head_of_a_large_body,
    "/size": size,
    "/slow": slow,
    "/sometimes": sometimes,
    "/status": status,
    "/no-content": no_content,
    "/chunked": chunked,
    "/interim": interim,
    "/until-close": until_close,
    "/http10": http10,
    "/close": close,
    "/in-pieces": in_pieces,
    "/compressed": compressed,
    "/bomb": bomb,
    "/cookie": cookie,
    "/redirect": redirect,
}
