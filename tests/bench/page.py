"""docs/benchmarks.md, made from the figures of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.bench.figures import Figure, markdown

_HEAD = """\
# Benchmarks

Made by `make bench` (`python -m tests.bench`): perfplug and its peers against the same server in the same run, client
on one core, server on another. Quote the ratios: absolute figures belong to the machine and the day.

- CPU a request: user and system time of the whole process, start and stop of the run included (Python's own start-up
  is not); kernel receive timestamps and all histograms are on.
- Throughput: 50 keep-alive connections, a 48-byte JSON body, nginx with one worker.
- Timing truth: 100 users against `tests/bench/delay_server.c` (log-normal delays, median 5 ms); the truth is the
  time between the request's and the response's packets in a capture of the same run.
- The freeze: theory is worked out in `tests/bench/freeze.py`.

## Where HTTP/2 spends it

HTTP/2 goes through libcurl's multi interface. h2load drives nghttp2 itself and fills one buffer a connection; here each
request is a transfer of its own, added to a multi handle, taken through libcurl's state machine, and removed again. A
profile of such a load (`perf record -F 2000 -- perfplug run URL --users 50 --duration 4s --http 2 --streams 10`, by
shared object; libcurl 7.88, Linux 6.18) says: kernel 37 %, libcurl 25 %, the C library, allocation above all, 17 %,
OpenSSL 8 %, nghttp2 6 %, reading the clock 3 %, Python 2 %, perfplug's own code 1 %. What is left to gain lies in
libcurl, or in an HTTP/2 of our own.
"""


def page(figures: Sequence[Figure], machine: Mapping[str, str], missing: Sequence[str]) -> str:
    words = ", ".join(f"{name} {value}" for name, value in machine.items())
    lines = [_HEAD, f"Measured on: {words}."]
    if missing:
        lines.append(f"Not installed, so not measured: {', '.join(missing)}.")
    return "\n".join(lines) + "\n" + markdown(figures)
