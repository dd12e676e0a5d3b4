"""What kind of service a project is, found in its sources without running any of them: for ``perfplug init``."""

from __future__ import annotations

import ast
import configparser
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["FastAPI", "Flask", "Django", "unknown"]

_SKIPPED = frozenset({"node_modules", "site-packages", "build", "dist", "tests", "test", "docs", "migrations"})
_MOST_FILES = 2000  # looked at, the shallowest first
_LARGEST = 1_000_000  # bytes of a file that is parsed
_FACTORIES = ("create_app", "make_app", "get_app", "build_app")
_OWN_PATH: dict[Kind, str | None] = {"FastAPI": "/openapi.json", "Flask": None}
_HEALTHY = ("/health", "/healthz", "/ping", "/status", "/livez", "/ready", "/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A service. ``target`` is "package.module:name", for Django the path of its manage.py; ``source_root`` is where
    that is imported from, relative to the project; ``path`` is one that it answers, as far as can be seen, if any."""

    kind: Kind
    target: str = ""
    factory: bool = False
    source_root: str = "."
    path: str | None = None


def look(root: Path) -> Found:
    """The shallowest service in the project at `root`."""
    if (root / "manage.py").is_file() and "DJANGO_SETTINGS_MODULE" in _text(root / "manage.py"):
        return Found(kind="Django", target="manage.py", path=_django_path(root))
    for file in _sources(root):
        if (found := _service(file, root)) is not None:
            return found
    return Found(kind="unknown")


def pytest_configuration(root: Path) -> Path | None:
    """The file that pytest takes its configuration from, in pytest's own order; None when there is none."""
    for name in ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini"):
        if (root / name).is_file():
            return root / name
    pyproject = root / "pyproject.toml"
    if any(line.strip().startswith("[tool.pytest") for line in _text(pyproject).splitlines()):
        return pyproject
    for name, section in (("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):
        if section in _sections(root / name):
            return root / name
    return None


def _sections(path: Path) -> list[str]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(_text(path))
    except configparser.Error:
        return []
    return parser.sections()


def _sources(root: Path) -> Iterator[Path]:
    """Python files, the shallowest first."""
    level, seen = [root], 0
    while level and seen < _MOST_FILES:
        folders = []
        for folder in level:
            for entry in _entries(folder):
                if entry.is_dir() and not entry.is_symlink():
                    folders += [] if _is_foreign(entry) else [entry]
                elif entry.suffix == ".py" and entry.is_file():
                    seen += 1
                    yield entry
        level = folders


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _is_foreign(folder: Path) -> bool:
    return folder.name.startswith((".", "__")) or folder.name in _SKIPPED or (folder / "pyvenv.cfg").exists()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace") if path.stat().st_size <= _LARGEST else ""
    except OSError:
        return ""


def _parsed(path: Path) -> ast.Module | None:
    try:
        return ast.parse(_text(path))
    except (SyntaxError, ValueError, RecursionError):
        return None


def _service(file: Path, root: Path) -> Found | None:
    text = _text(file)
    if "FastAPI" not in text and "Flask" not in text:
        return None
    module = _parsed(file)
    if module is None:
        return None
    kinds: tuple[Kind, ...] = ("FastAPI", "Flask")
    for kind in kinds:
        if kind.lower() not in _imported(module):
            continue
        target, source_root = _importable(file, root)
        if not all(part.isidentifier() for part in target.split(".")):
            continue
        if (name := _assigned(module.body, kind)) is not None:
            path = _path(module, name) or _OWN_PATH[kind]
            return Found(kind=kind, target=f"{target}:{name}", source_root=source_root, path=path)
        if (factory := _factory(module, kind)) is not None:
            path = _path(module, _assigned(factory.body, kind) or "") or _OWN_PATH[kind]
            return Found(kind=kind, target=f"{target}:{factory.name}", factory=True, source_root=source_root, path=path)
    return None


def _imported(module: ast.Module) -> set[str]:
    """Names of the packages that a module imports from."""
    names: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def _importable(file: Path, root: Path) -> tuple[str, str]:
    """The module's dotted name, and the folder it is imported from."""
    parts = file.relative_to(root).with_suffix("").parts
    source_root = "."
    if parts[0] == "src" and len(parts) > 1 and not (root / "src" / "__init__.py").exists():
        source_root, parts = "src", parts[1:]
    if parts[-1] == "__init__" and len(parts) > 1:
        parts = parts[:-1]
    return ".".join(parts), source_root


def _assigned(body: Iterable[ast.stmt], kind: Kind) -> str | None:
    """The name that a call of the class is assigned to."""
    for statement in body:
        if not isinstance(statement, (ast.Assign, ast.AnnAssign)):
            continue
        if not (isinstance(statement.value, ast.Call) and _called(statement.value) == kind):
            continue
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if isinstance(targets[0], ast.Name):
            return targets[0].id
    return None


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _factory(module: ast.Module, kind: Kind) -> ast.FunctionDef | None:
    """A function of a usual name that makes the service and needs no argument."""
    for statement in module.body:
        if isinstance(statement, ast.FunctionDef) and statement.name in _FACTORIES and _needs_nothing(statement):
            calls = (node for node in ast.walk(statement) if isinstance(node, ast.Call))
            if any(_called(call) == kind for call in calls):
                return statement
    return None


def _needs_nothing(function: ast.FunctionDef) -> bool:
    said = function.args
    positional = len(said.posonlyargs) + len(said.args)
    return positional == len(said.defaults) and all(default is not None for default in said.kw_defaults)


def _path(module: ast.Module, name: str) -> str | None:
    """The likeliest health check among the routes of the service of this name that take no parameter."""
    routes = [
        route
        for node in ast.walk(module)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and (route := _route(decorator, name)) is not None
    ]
    return next((path for path in _HEALTHY if path in routes), routes[0] if routes else None)


def _route(decorator: ast.Call, name: str) -> str | None:
    function = decorator.func
    if not (isinstance(function, ast.Attribute) and getattr(function.value, "id", None) == name):
        return None
    if function.attr == "route" and any(keyword.arg == "methods" for keyword in decorator.keywords):
        return None
    if function.attr not in ("get", "route") or not decorator.args:
        return None
    return _literal_path(decorator.args[0])


def _literal_path(node: ast.expr) -> str | None:
    path = node.value if isinstance(node, ast.Constant) else None
    if not isinstance(path, str) or any(sign in path for sign in "{<\"'\\") or not path.isprintable():
        return None
    return path if path.startswith("/") else None


def _django_path(root: Path) -> str | None:
    """The first plain path of the shallowest urls.py; the login of the admin site when there is no other."""
    files = (file for file in _sources(root) if file.name == "urls.py")
    module = next((module for file in files if (module := _parsed(file)) is not None), None)
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call)] if module is not None else []
    routes = [
        (path, call.args[1])
        for call in calls
        if _called(call) == "path" and len(call.args) > 1 and (path := _django_route(call.args[0])) is not None
    ]
    plain = (path for path, view in routes if not _is_admin(view) and not _is_include(view))
    admin = (f"{path}login/" for path, view in routes if _is_admin(view))
    return next(plain, next(admin, None))


def _django_route(node: ast.expr) -> str | None:
    route = node.value if isinstance(node, ast.Constant) else None
    return _literal_path(ast.Constant(f"/{route}")) if isinstance(route, str) else None


def _is_admin(view: ast.expr) -> bool:
    return ast.unparse(view) == "admin.site.urls"


def _is_include(view: ast.expr) -> bool:
    return isinstance(view, ast.Call) and _called(view) == "include"
