"""Measures, forks, and measures on both sides: after a run, and while one is under way in another thread."""

import os
import sys
import threading

from live_harness import measure

from perfplug.result import Result

url, cookies = sys.argv[1], sys.argv[2] == "curl"


def measure_in_child() -> int:
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if measure(url, cookies=cookies, users=2, requests=10).ok == 10 else 3)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(4)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


assert measure(url, cookies=cookies, users=2, requests=10).ok == 10
assert measure_in_child() == 0, "after a run"
assert measure(url, cookies=cookies, users=2, requests=10).ok == 10

results: list[Result] = []
thread = threading.Thread(target=lambda: results.append(measure(url, cookies=cookies, users=2, duration=1.0)))
thread.start()
assert measure_in_child() == 0, "during a run"
thread.join()
assert results[0].ok > 0 and not results[0].errors
