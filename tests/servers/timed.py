"""A server to be started by a command: answers on 127.0.0.1:PORT after so many milliseconds, forever.

    timed.py PORT [--delay-ms N | --delay-file F] [--children N] [--status N] [--die-after N]

``/health`` answers at once. ``--children``: sleeping processes beside it, as workers of a real server would be.
"""

from __future__ import annotations

import argparse
import os
import socketserver
import subprocess
import sys
import threading
import time
from pathlib import Path


class Answers(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        server = self.server
        assert isinstance(server, Server)
        while line := self.rfile.readline():
            while self.rfile.readline() not in (b"\r\n", b""):
                pass
            server.count()
            if b"/health" not in line:
                time.sleep(server.delay_s)
            self.wfile.write(b"HTTP/1.1 %d Said\r\nContent-Length: 2\r\n\r\nok" % server.status)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, options: argparse.Namespace) -> None:
        super().__init__(("127.0.0.1", port), Answers)
        milliseconds = Path(options.delay_file).read_text() if options.delay_file else options.delay_ms
        self.delay_s = float(milliseconds) / 1000.0
        self.status: int = options.status
        self._left: int | None = options.die_after
        self._lock = threading.Lock()

    def count(self) -> None:
        """One more request; the one too many ends the process."""
        with self._lock:
            if self._left is not None:
                self._left -= 1
                if self._left < 0:
                    print("out of luck", flush=True)
                    os._exit(7)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--delay-ms", type=float, default=1.0)
    parser.add_argument("--delay-file")
    parser.add_argument("--children", type=int, default=0)
    parser.add_argument("--status", type=int, default=200)
    parser.add_argument("--die-after", type=int)
    options = parser.parse_args()
    for _ in range(options.children):
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", f"child-of-{options.port}"])
    with Server(options.port, options) as server:
        print(f"listening on {options.port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
