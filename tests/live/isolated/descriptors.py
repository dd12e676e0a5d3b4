"""With few descriptors: more users than there can be sockets. Prints what was said, or what came."""

import json
import os
import resource
import sys

from live_harness import measure

from perfplug.errors import PerfplugError

url, cookies, limit, users, taken = sys.argv[1], sys.argv[2] == "curl", *map(int, sys.argv[3:])
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
hold = [os.open("/dev/null", os.O_RDONLY) for _ in range(taken)]
try:
    result = measure(url, cookies=cookies, users=users, requests=2 * users)
except PerfplugError as error:
    print(json.dumps({"refused": type(error).__name__, "message": str(error)}))
else:
    print(
        json.dumps(
            {
                "ok": result.ok,
                "errors": dict(result.errors),
                "valid": result.client.valid,
                "causes": result.client.causes,
            }
        )
    )
