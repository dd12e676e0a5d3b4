"""In a network namespace with 20 local ports: 60 users at once. Prints what the result said."""

import json
import subprocess
import sys
from pathlib import Path

from live_harness import measure, start_server

cookies, log = sys.argv[1] == "curl", Path(sys.argv[2])
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("40000 40019")
server = start_server("server.py", log, "--port", "8080")
try:
    result = measure(server.url("/slow?seconds=1"), cookies=cookies, users=60, requests=60)
    seen = len(server.seen())
finally:
    server.stop()
print(
    json.dumps(
        {
            "ok": result.ok,
            "errors": dict(result.errors),
            "seen": seen,
            "valid": result.client.valid,
            "causes": result.client.causes,
        }
    )
)
