"""What a project is, told from its sources alone."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from perfplug.init_files import command, promise_file, server_file
from perfplug.init_look import Found, look, pytest_configuration

FASTAPI = "from fastapi import FastAPI\napp = FastAPI()\n"


def project(root: Path, **files: str) -> Path:
    """Python files, with "__" for "/" in their names and without the suffix."""
    for name, text in files.items():
        path = root / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_fastapi_with_a_health_check(tmp_path: Path) -> None:
    source = FASTAPI + "@app.get('/items')\ndef a(): ...\n@app.get('/healthz')\nasync def b(): ...\n"
    assert look(project(tmp_path, main=source)) == Found(kind="FastAPI", target="main:app", path="/healthz")


def test_a_service_in_a_package_below_src_is_imported_from_there(tmp_path: Path) -> None:
    source = "import fastapi\nserver: fastapi.FastAPI = fastapi.FastAPI(title='x')\n"
    found = look(project(tmp_path, src__shop__web__app=source))
    assert found == Found(kind="FastAPI", target="shop.web.app:server", source_root="src", path="/openapi.json")
    assert 'environment={"PYTHONPATH": "src"}' in server_file(found)


def test_the_init_of_a_package_is_the_package(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text(FASTAPI)
    assert look(tmp_path).target == "shop:app"


def test_a_factory_is_called(tmp_path: Path) -> None:
    source = (
        "from flask import Flask\n\ndef create_app(config=None):\n    web = Flask(__name__)\n"
        "    @web.route('/now')\n    def now(): ...\n    return web\n"
    )
    found = look(project(tmp_path, shop=source))
    assert found == Found(kind="Flask", target="shop:create_app", factory=True, path="/now")
    assert command(found) == "-m flask --app shop:create_app run --port {port}"
    fast = source.replace("flask", "fastapi").replace("Flask(__name__)", "FastAPI()")
    assert command(look(project(tmp_path, shop=fast))) == "-m uvicorn --factory shop:create_app --port {port}"


def test_a_factory_that_needs_something_is_none(tmp_path: Path) -> None:
    source = "from fastapi import FastAPI\ndef create_app(config):\n    return FastAPI()\n"
    assert look(project(tmp_path, shop=source)).kind == "unknown"


def test_only_plain_paths_of_the_service_itself_are_asked(tmp_path: Path) -> None:
    source = (
        "from flask import Flask\napp = Flask(__name__)\n"
        "@app.route('/a/<int:n>')\ndef a(n): ...\n"
        "@app.route('/b', methods=['POST'])\ndef b(): ...\n"
        "@other.route('/c')\ndef c(): ...\n"
        "@app.route('/it\\'s')\ndef d(): ...\n"
    )
    found = look(project(tmp_path, app=source))
    assert found == Found(kind="Flask", target="app:app", path=None)
    assert "# put a path here that it answers" in promise_file(found)
    assert "health=" not in server_file(found)


@pytest.mark.parametrize(
    ("urls", "path"),
    [
        ("urlpatterns = [path('admin/', admin.site.urls), path('shop/', include('x')), path('now', v.now)]", "/now"),
        ("urlpatterns = [path('', views.Home.as_view())]", "/"),
        ("urlpatterns = [path('admin/', admin.site.urls)]", "/admin/login/"),
        ("urlpatterns = [path('item/<int:n>', views.item), path(b'x', views.x), path(NAME, views.y)]", None),
        ("urlpatterns = [", None),
    ],
)
def test_django(tmp_path: Path, urls: str, path: str | None) -> None:
    found = look(project(tmp_path, manage="os.environ['DJANGO_SETTINGS_MODULE'] = 'site.settings'", site__urls=urls))
    assert found == Found(kind="Django", target="manage.py", path=path)


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"app": "app = FastAPI()\n"},
        {"app": "from fastapi import FastAPI\nFastAPI().x = 1\n"},
        {"app": FASTAPI + "def (:\n"},
        {"tests__app": FASTAPI},
        {".venv__lib__app": FASTAPI},
        {"node_modules__app": FASTAPI},
        {"my-app": FASTAPI},
        {"import": "FastAPI = 1"},
        {"deep": FASTAPI + "x = " + "(" * 5000},
        {"manage": "print('of something else')"},
    ],
)
def test_what_is_no_service_that_can_be_started_is_unknown(tmp_path: Path, files: dict[str, str]) -> None:
    assert look(project(tmp_path, **files)).kind == "unknown"


def test_the_shallowest_service_is_the_one(tmp_path: Path) -> None:
    deep = FASTAPI.replace("app =", "inner =")
    assert look(project(tmp_path, a__b__c=deep, z__app=FASTAPI)).target == "z.app:app"


def test_nothing_of_the_project_is_run(tmp_path: Path) -> None:
    assert look(project(tmp_path, app=FASTAPI + "raise SystemExit('run!')\n")).target == "app:app"


@pytest.mark.parametrize(
    ("name", "text", "is_it"),
    [
        ("pytest.ini", "", True),
        ("pyproject.toml", "[project]\n[tool.pytest.ini_options]\n", True),
        ("pyproject.toml", "[tool.pytest]\n", True),
        ("pyproject.toml", "[project]\n", False),
        ("tox.ini", "[pytest]\n", True),
        ("tox.ini", "[tox]\n", False),
        ("setup.cfg", "[tool:pytest]\n", True),
        ("setup.cfg", "broken [", False),
    ],
)
def test_pytests_configuration_is_found(tmp_path: Path, name: str, text: str, is_it: bool) -> None:
    (tmp_path / name).write_text(text)
    assert pytest_configuration(tmp_path) == (tmp_path / name if is_it else None)


@pytest.mark.parametrize("path", ["/", None, "/a-b/ü.json", "/2nd"])
@pytest.mark.parametrize("kind", ["FastAPI", "Flask", "Django", "unknown"])
def test_what_is_written_is_python(kind: str, path: str | None) -> None:
    found = Found(kind=kind, target="a.b:c", source_root="src", path=path)  # type: ignore[arg-type]
    ast.parse(promise_file(found))
    if kind != "unknown":
        ast.parse(server_file(found))
