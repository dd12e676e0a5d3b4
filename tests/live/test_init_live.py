"""``perfplug init`` in real projects: what it writes runs as it is, and what was there stays as it was."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from live_harness import run_python

FASTAPI = """
from fastapi import FastAPI
app = FastAPI()

@app.get("/health")
async def health(): return "well"
"""
FLASK = """
from flask import Flask

def create_app():
    app = Flask(__name__)

    @app.route("/hello")
    def hello(): return "hello"

    return app
"""
DJANGO = {
    "manage.py": """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_.settings")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
""",
    "site_/settings.py": "SECRET_KEY = 'x'\nDEBUG = True\nALLOWED_HOSTS = ['*']\nROOT_URLCONF = 'site_.urls'\n",
    "site_/urls.py": """
from django.http import HttpResponse
from django.urls import path
urlpatterns = [path("now", lambda request: HttpResponse("now"))]
""",
}
PROJECTS = {
    "FastAPI": {"shop/__init__.py": "", "shop/web.py": FASTAPI},
    "Flask": {"src/shop.py": FLASK},
    "Django": DJANGO,
}


def make(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def init(root: Path) -> str:
    done = run_python("-m", "perfplug", "init", str(root), cwd=root.parent)
    assert done.returncode == 0, done.stderr
    return done.stdout


def contents(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in sorted(root.rglob("*")) if path.is_file()}


def left_running(root: Path) -> list[str]:
    """Processes whose folder this is."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if Path(os.readlink(process / "cwd")) == root:
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found


@pytest.mark.parametrize("kind", PROJECTS)
def test_the_first_test_runs_as_it_was_written(tmp_path: Path, kind: str) -> None:
    root = tmp_path / "a project's root"
    make(root, PROJECTS[kind])
    assert f"found {kind} (" in init(root)
    said = ("-m", "performance", "--perf-quick", "-p", "no:cacheprovider")
    done = run_python("-m", "pytest", *said, cwd=root)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    assert "no errors" in done.stdout
    assert left_running(root) == []
    plain = run_python("-m", "pytest", "-p", "no:cacheprovider", cwd=root)
    assert "1 deselected" in plain.stdout, "performance tests run when they are asked for"


def test_a_service_that_does_not_start_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    make(tmp_path, {"app.py": FASTAPI + "raise SystemExit('no database')\n"})
    init(tmp_path)
    done = run_python("-m", "pytest", "-m", "performance", "-p", "no:cacheprovider", cwd=tmp_path)
    assert "no database" in done.stdout and "perfplug/service.py" not in done.stdout


def test_a_service_of_no_known_kind_is_asked_where_it_runs(tmp_path: Path) -> None:
    said = init(tmp_path)
    assert "start the service, then: pytest -m performance --perf-base-url http://127.0.0.1:8000" in said
    done = run_python("-m", "pytest", "-m", "performance", "-rs", "--perf-base-url=http://127.0.0.1:1", cwd=tmp_path)
    assert "1 skipped" in done.stdout and "required: " in done.stdout


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    make(tmp_path, PROJECTS["FastAPI"])
    first = init(tmp_path)
    before = contents(tmp_path)
    again = init(tmp_path)
    assert contents(tmp_path) == before
    written = re.findall(r"^wrote  (.*)$", first, re.MULTILINE)
    assert len(written) == 4
    assert re.findall(r"^kept   (.*): it is there already$", again, re.MULTILINE) == written


def test_what_is_there_is_never_overwritten(tmp_path: Path) -> None:
    mine = {
        "tests/performance/test_first_promise.py": "# mine",
        "tests/performance/conftest.py": "# mine",
        ".github/workflows/performance.yml": "# mine",
        "pyproject.toml": "[project]\nname = 'x'\nversion = '1'\n[tool.pytest.ini_options]\naddopts = '-q'\n",
    }
    make(tmp_path, {**PROJECTS["FastAPI"], **mine})
    said = init(tmp_path)
    assert {name: text for name, text in contents(tmp_path).items() if name in mine} == mine
    assert not (tmp_path / "pytest.ini").exists()
    assert "for pyproject.toml, where this project's options of pytest are" in said


def test_a_dangling_link_is_not_written_through(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    root = tmp_path / "root"
    root.mkdir()
    (root / "pytest.ini").symlink_to(elsewhere)
    assert "left   pytest.ini: in the way" in init(root)
    assert not elsewhere.exists()


@pytest.mark.parametrize(
    ("folder", "code", "complaint"), [("nowhere", 2, "no such folder"), ("file", 2, "no such folder")]
)
def test_a_folder_that_is_none_is_named(tmp_path: Path, folder: str, code: int, complaint: str) -> None:
    (tmp_path / "file").write_text("")
    done = run_python("-m", "perfplug", "init", str(tmp_path / folder))
    assert (done.returncode, complaint in done.stderr, "Traceback" in done.stderr) == (code, True, False)


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "tests").write_text("a file where a folder should be")
    done = run_python("-m", "perfplug", "init", str(tmp_path))
    assert done.returncode == 5
    assert "tests/performance/test_first_promise.py: not written: " in done.stderr


def test_the_workflow_is_one_that_github_takes(tmp_path: Path) -> None:
    init(tmp_path)
    schema = ("--builtin-schema", "vendor.github-workflows", str(tmp_path / ".github/workflows/performance.yml"))
    done = subprocess.run([sys.executable, "-m", "check_jsonschema", *schema], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
