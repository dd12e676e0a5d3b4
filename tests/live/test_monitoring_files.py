"""docs/monitoring and the text form, by promtool of the distribution."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from live_harness import HANG_S, StartServer
from monitoring import MONITORING, RUN

ALERTS = (MONITORING / "alerts.yml").read_text()
NAMES = [line.split(": ")[1] for line in ALERTS.splitlines() if "- alert: " in line]


def promtool(*words: str, cwd: Path = MONITORING, told: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["promtool", *words], cwd=cwd, input=told, capture_output=True, text=True, timeout=HANG_S, check=False
    )


def never_firing() -> str:
    """The rules with another expression in the place of each."""
    return re.sub(r"( +)expr: .*?(?=\n +(?:for|labels):)", r"\1expr: vector(0) > 1", ALERTS, flags=re.DOTALL)


@pytest.mark.parametrize(
    "words",
    [("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml"), ("check", "config", "prometheus.yml")],
)
def test_the_files_of_docs_monitoring_are_sound(words: tuple[str, ...]) -> None:
    done = promtool(*words)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_alert_that_never_fires_is_noticed_by_the_rules_own_tests(tmp_path: Path) -> None:
    (tmp_path / "alerts.yml").write_text(never_firing())
    shutil.copy(MONITORING / "alerts_test.yml", tmp_path)
    done = promtool("test", "rules", "alerts_test.yml", cwd=tmp_path)
    assert done.returncode == 1
    assert set(re.findall(r"alertname: ?(\w+)", done.stdout + done.stderr)) == set(NAMES)


def test_the_text_file_is_what_promtool_calls_good_practice(serve: StartServer, tmp_path: Path) -> None:
    path = tmp_path / "out" / "perfplug.prom"
    command = [*RUN, serve().url("/storm"), "-n", "60", "--sla", "p95<20s", "--prometheus-textfile", str(path)]
    assert subprocess.run(command, capture_output=True, timeout=HANG_S).returncode in (0, 1, 3)
    done = promtool("check", "metrics", told=path.read_text())
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert 'perfplug_request_errors_total{class="status",name="GET /storm",test="http://' in path.read_text()
