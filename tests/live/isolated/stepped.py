"""Under a wall clock that steps: prints every time that a result holds, in seconds."""

import json
import sys
import time

from live_harness import measure

url, cookies = sys.argv[1], sys.argv[2] == "curl"
walls = [time.time() for _ in range(50)]
begun = time.monotonic()
result = measure(url, cookies=cookies, users=4, requests=2000)
took = time.monotonic() - begun
series = {
    "latency": result.latency,
    "service": result.service,
    "delay": result.client.delay,
    "late": result.client.late,
    **result.phases,
}
print(
    json.dumps(
        {
            "stepped": max(walls) - min(walls) > 1000,
            "took": took,
            "ok": result.ok,
            "duration": result.duration,
            "finished": result.finished,
            "lowest": {name: histogram.min for name, histogram in series.items() if histogram.count},
            "highest": {name: histogram.max for name, histogram in series.items() if histogram.count},
        }
    )
)
