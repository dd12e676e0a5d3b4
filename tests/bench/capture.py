"""The truth about latencies: request and response packets of the same run, as tcpdump saw them on loopback."""

from __future__ import annotations

import contextlib
import math
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import machine

_NANO_MAGIC = 0xA1B23C4D


@dataclass
class Truth:
    """Filled when the capture ends: (epoch seconds of the request packet, seconds to the response packet)."""

    exchanges: list[tuple[float, float]] = field(default_factory=list)
    dropped: int = 0

    def quantiles(self, since: float = 0.0, until: float = math.inf) -> dict[float, float]:
        """By percentile, of the requests that began within [since, until)."""
        times = sorted(seconds for at, seconds in self.exchanges if since <= at < until)
        if not times:
            raise RuntimeError("the capture saw no exchange")
        return {q: times[max(0, math.ceil(q / 100 * len(times)) - 1)] for q in (50.0, 90.0, 95.0, 99.0, 99.9)}


def _packets(raw: bytes) -> Iterator[tuple[int, int, int]]:
    """(ns, source port, destination port) of each TCP packet with a payload; Ethernet frames of loopback."""
    magic, *_ = struct.unpack_from("<I", raw)
    if magic != _NANO_MAGIC:
        raise RuntimeError("not a nanosecond capture")
    offset = 24
    while offset + 16 <= len(raw):
        seconds, nanos, kept, _length = struct.unpack_from("<IIII", raw, offset)
        frame = offset + 16
        offset = frame + kept
        header = frame + 14 + (raw[frame + 14] & 0x0F) * 4
        source, destination = struct.unpack_from(">HH", raw, header)
        yield seconds * 1_000_000_000 + nanos, source, destination


def _exchanges(raw: bytes, port: int) -> Iterator[tuple[float, float]]:
    """Keep-alive without pipelining: on each client port, requests and responses take turns."""
    asked: dict[int, int] = {}
    for at, source, destination in _packets(raw):
        if destination == port:
            asked[source] = at
        elif source == port and (begun := asked.pop(destination, None)) is not None:
            yield begun / 1e9, (at - begun) / 1e9


@contextlib.contextmanager
def truth(port: int) -> Iterator[Truth]:
    """Captures the traffic of a server's port; the Truth is filled on leaving. Needs the right to capture."""
    seen = Truth()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "loopback.pcap")
        # Payload only: IP length minus both headers is not zero.
        wanted = f"tcp port {port} and (ip[2:2] - ((ip[0] & 0xf) << 2) - ((tcp[12] & 0xf0) >> 2)) != 0"
        command = ["tcpdump", "-i", "lo", "-s", "80", "-B", "262144", "-n", "-U", "--time-stamp-precision=nano",
                   "-Z", "root", "-w", str(file), wanted]  # fmt: skip
        process = subprocess.Popen(machine.pinned(machine.SERVER_CORE, command), stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        while "listening" not in (line := process.stderr.readline()):
            if not line:
                raise RuntimeError("tcpdump did not start: is it allowed to capture?")
        try:
            yield seen
            time.sleep(0.5)  # what is still in tcpdump's buffer
        finally:
            process.terminate()
            for line in process.stderr:
                if "dropped by kernel" in line:
                    seen.dropped = int(line.split()[0])
            process.wait()
        seen.exchanges = list(_exchanges(file.read_bytes(), port))
