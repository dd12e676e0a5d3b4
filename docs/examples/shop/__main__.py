"""``python -m shop [--port N]``: serves the shop on 127.0.0.1. Port 0 takes a free one; the address is printed."""

from __future__ import annotations

import argparse
import socket

import uvicorn

from shop.app import app


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m shop", description="Serve the example shop on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one (default: %(default)s)")
    port = parser.parse_args().port
    # Bound here, not in uvicorn, so that the port is known before serving and cannot be lost in between.
    with socket.create_server(("127.0.0.1", port), backlog=1024) as listener:
        # asyncio sets this only on sockets it made itself; without it, each answer waits 40 ms for a delayed ACK.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        print(f"shop on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listener])


if __name__ == "__main__":
    main()
