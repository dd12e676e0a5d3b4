"""In a network namespace: half-way through a run, the network swallows every packet. Prints what the result said."""

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

from live_harness import eventually, measure, sockets_open, start_server

from perfplug.result import Result

DROP_ALL = {
    "iptables": [["iptables", "-A", "INPUT", "-i", "lo", "-j", "DROP"]],
    "nft": [
        ["nft", "add", "table", "inet", "away"],
        ["nft", "add", "chain", "inet", "away", "in", "{ type filter hook input priority 0; policy drop; }"],
    ],
}

cookies, log = sys.argv[1] == "curl", Path(sys.argv[2])
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
server = start_server("server.py", log)
results: list[Result] = []
try:
    before = sockets_open()
    thread = threading.Thread(
        target=lambda: results.append(measure(server.url("/ok"), cookies=cookies, users=4, duration=2.5, timeout=1.0))
    )
    thread.start()
    eventually(lambda: len(server.seen()) > 50, "the server at work")
    for command in next(commands for tool, commands in DROP_ALL.items() if shutil.which(tool)):
        subprocess.run(command, check=True)
    thread.join()
    after = sockets_open()
finally:
    server.stop()
[result] = results
print(
    json.dumps(
        {
            "ok": result.ok,
            "errors": dict(result.errors),
            "finished": result.finished,
            "sockets": after - before,
        }
    )
)
