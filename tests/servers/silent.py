"""A port that takes no more connections: its backlog is full and it never accepts, so that dialling it hangs."""

from __future__ import annotations

import socket
import threading

import serving


def main() -> None:
    options = serving.arguments(__doc__ or "").parse_args()
    serving.end_with_stdin()
    with socket.socket() as listener:
        listener.bind((options.host, options.port))
        listener.listen(0)
        fillers = [fill(listener.getsockname()) for _ in range(4)]
        serving.announce(listener)
        threading.Event().wait()
        del fillers


def fill(address: tuple[str, int]) -> socket.socket:
    """One place of the backlog; those beyond its end never connect and do no harm."""
    filler = socket.socket()
    filler.setblocking(False)
    filler.connect_ex(address)
    return filler


if __name__ == "__main__":
    main()
