"""The house stands: no file reaches up, in C or in Python, and what is kept to a few files stays there.

The tables below are docs/architecture.md's floors. Every source file is in one of them: a new file fails here until
someone has decided where it belongs.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CSRC = ROOT / "csrc"
PACKAGE = ROOT / "perfplug"

# A floor is a row of groups; a group is one concept in several files, in rising order. A file may include what lies on
# lower floors and in its own group: a source any header of the group, a header those before it.
C_FLOORS = (
    (("status",), ("clock",)),
    (
        ("target", "wire"),
        ("sample",),
        ("match",),
        ("hist", "hist_layout", "hist_encode", "hist_sums"),
        ("pace",),
        ("h1", "h1_field"),
    ),
    (("slices", "tally"), ("loop", "loop_timers", "loop_backend", "loop_epoll", "loop_poll")),
    (("dial_about",), ("dial_error", "dial_multi", "dial_setup", "dial", "dial_conn", "dial_io")),
    (
        (
            "exchange",
            "exchange_h1",
            "exchange_curl",
            "exchange_curl_redirect",
            "exchange_curl_reply",
            "exchange_curl_request",
            "exchange_curl_sample",
        ),
    ),
    (("run", "run_fds", "worker", "model_closed", "model_open"),),
    (
        (
            "py_state",
            "py_gil",
            "py_error",
            "py_value",
            "py_plan",
            "py_hist",
            "py_hist_sums",
            "py_figures",
            "py_run",
            "module",
        ),
    ),
)

# A floor's modules in rising order: each may import those before it and all of the floors below.
PYTHON_FLOORS = (
    ("errors", "units", "urls", "hosts", "machine", "turn", "extras", "project", "actions"),
    ("_core", "histogram", "plan", "result"),
    (
        "environment",
        "limits",
        "spec",
        "stats",
        "stats.special",
        "stats.binomial",
        "stats.eprocess",
        "stats.batches",
        "stats.means",
        "stats.pairs",
        "stats.quantile",
        "stats.holm",
        "stats.prediction",
        "stats.differences",
        "stats.change_points",
        "judging.held",
        "judging.shares",
        "judging.levels",
        "stopping.look",
        "stopping.shares",
        "stopping.levels",
        "stopping",
        "validity",
        "engine",
        "judging.settled",
        "judging.spoiled",
        "judging",
        "measurement",
        "past",
        "comparing",
        "paired",
        "merging",
        "sla",
    ),
    (
        "report.escape",
        "report.redact",
        "report",
        "report.files",
        "report.node",
        "report.timeline",
        "report.chart",
        "report.plot",
        "report.tables",
        "report.wording",
        "report.compact",
        "report.json_report",
        "report.outcome",
        "report.junit",
        "report.markup",
        "report.csv_report",
        "findings.finding",
        "findings.client",
        "findings.connecting",
        "findings.levels",
        "findings.promises",
        "findings.shape",
        "findings.stalls",
        "findings",
        "report.markdown",
        "report.html_library",
        "report.html_figures",
        "report.html_parts",
        "report.html_report",
        "report.forms",
        "report.prometheus_metrics",
        "report.prometheus",
        "report.prometheus_push",
        "report.load",
        "report.terminal",
        "report.github",
        "report.github_summary",
        "report.github_job",
        "baseline_format",
        "baseline",
        "comparer",
        "history",
        "trend",
        "history_forms",
        "joining",
        "keeping",
        "carry",
        "progress",
        "prometheus_live",
        "probe",
        "guard",
        "service",
        "worktree",
        "ab",
        "doctor",
        "doctor.check",
        "doctor.server",
        "doctor.system",
        "doctor.clock",
        "doctor.truth",
        "doctor.examine",
        "doctor.false_alarms",
        "against",
        "github_comment",
        "init_look",
        "init_files",
    ),
    ("marker", "config", "hookspec", "ledger", "outputs", "github_session", "fixtures"),
    (
        "plugin",
        "cli.prometheus",
        "cli.words",
        "cli.ci_words",
        "cli.compare",
        "cli.baseline",
        "cli.history",
        "cli.doctor",
        "cli.arguments",
        "cli.progress",
        "cli.run",
        "cli.report",
        "cli.ab_progress",
        "cli.ab",
        "cli.github_report",
        "cli.github",
        "cli.init",
        "cli",
        "__main__",
    ),
)
# The package itself re-exports public names, each loaded when first used; others take nothing from it but its version.
ROOT_MODULE = "__init__"
ROOT_NAMES = {"__version__"}

IMPORTS_PYTEST = {"config", "fixtures", "hookspec", "plugin"}
IMPORTS_CORE = {"histogram", "engine"}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


# --- C ----------------------------------------------------------------------------------------------------------------


def places(floors: Sequence[Sequence[Sequence[str]]]) -> dict[str, tuple[int, int, int]]:
    """Each stem's floor, group and step."""
    return {
        stem: (f, g, s)
        for f, groups in enumerate(floors)
        for g, group in enumerate(groups)
        for s, stem in enumerate(group)
    }


def may_include(place: Mapping[str, tuple[int, int, int]], name: str, header: str) -> bool:
    stem, other = Path(name).stem, Path(header).stem
    if stem == other:
        return name.endswith(".c")
    floor, group, step = place[stem]
    other_floor, other_group, other_step = place[other]
    if other_floor != floor:
        return other_floor < floor
    return other_group == group and (name.endswith(".c") or other_step < step)


def includes(text: str, bracket: str) -> list[str]:
    return [name for opened, name in INCLUDE.findall(text) if opened == bracket]


def c_files() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(CSRC.glob("*.[ch]"))}


def including(prefix: str) -> set[str]:
    return {name for name, text in c_files().items() if any(h.startswith(prefix) for h in includes(text, "<"))}


def test_every_c_file_has_its_floor() -> None:
    assert sorted({Path(name).stem for name in c_files()}) == sorted(places(C_FLOORS))


def test_no_c_file_includes_upwards() -> None:
    place = places(C_FLOORS)
    upward = [
        f"{name} includes {header}"
        for name, text in c_files().items()
        for header in includes(text, '"')
        if not may_include(place, name, header)
    ]
    assert upward == []


def test_only_the_binding_includes_python() -> None:
    assert {name for name in including("Python.h") if not re.match(r"(py_\w+|module)\.[ch]$", name)} == set()


def test_only_dial_and_exchange_curl_include_curl() -> None:
    assert {name for name in including("curl/") if not re.match(r"(dial|exchange_curl)(_\w+)?\.[ch]$", name)} == set()


def test_the_rule_for_c_tells_up_from_down() -> None:
    place = places(((("low",),), (("mid", "mid_part"), ("beside",)), (("high",),)))
    allowed = [("mid.c", "low.h"), ("mid.c", "mid.h"), ("mid.c", "mid_part.h"), ("mid_part.h", "mid.h")]
    refused = [("mid.c", "high.h"), ("mid.c", "beside.h"), ("mid.h", "mid_part.h"), ("low.h", "mid.h")]
    assert [may_include(place, name, header) for name, header in allowed] == [True] * len(allowed)
    assert [may_include(place, name, header) for name, header in refused] == [False] * len(refused)
    assert includes(' # include "a.h"\n#include <curl/curl.h>\n// #include "b.h"\n', '"') == ["a.h"]


# --- Python -----------------------------------------------------------------------------------------------------------


def module_name(path: Path) -> str:
    """Within the package: "report.files", "report" for its __init__, "__init__" for the package's own."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


def python_files() -> dict[str, str]:
    return {module_name(path): path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py"))}


def imported(text: str) -> Iterator[str]:
    """Dotted names: modules, and for "from a import b" both a and a.b, wherever in the file they stand."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_imports(text: str, modules: Iterable[str]) -> set[str]:
    """Of the package's own modules; names taken from the package itself as "__init__"."""
    found, known = set(), set(modules)
    for name in imported(text):
        if not name.startswith("perfplug."):
            continue
        inner = name.removeprefix("perfplug.")
        if inner in known:
            found.add(inner)
        elif "." not in inner and inner not in ROOT_NAMES:
            found.add(ROOT_MODULE)
    return found


def imports_package(text: str, package: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for name in imported(text))


def ranks(floors: Sequence[Sequence[str]]) -> dict[str, int]:
    order = [module for floor in floors for module in floor]
    assert len(order) == len(set(order)), "a module stands on one floor"
    return {module: rank for rank, module in enumerate(order)}


def upward(files: Mapping[str, str], floors: Sequence[Sequence[str]]) -> list[str]:
    rank = ranks(floors)
    return [
        f"{name} imports {other}"
        for name, text in files.items()
        if name != ROOT_MODULE
        for other in sorted(own_imports(text, rank))
        if other != name and rank.get(other, len(rank)) >= rank[name]
    ]


def test_every_python_module_has_its_floor() -> None:
    expected = set(ranks(PYTHON_FLOORS)) - {"_core"} | {ROOT_MODULE}
    assert sorted(python_files()) == sorted(expected)


def test_no_python_module_imports_upwards() -> None:
    assert upward(python_files(), PYTHON_FLOORS) == []


def test_only_the_plugin_side_imports_pytest() -> None:
    importers = {n for n, t in python_files().items() if imports_package(t, "pytest") or imports_package(t, "_pytest")}
    assert importers - IMPORTS_PYTEST == set()


def test_only_histogram_and_engine_import_the_core() -> None:
    importers = {n for n, t in python_files().items() if imports_package(t, "perfplug._core")}
    assert importers == IMPORTS_CORE


def test_the_runner_does_without_the_plugin() -> None:
    files = python_files()
    reached, ahead = set(), ["cli.github", "cli.github_report", "cli.init", "cli", "__main__"]
    while ahead:
        name = ahead.pop()
        if name not in reached and name in files:
            reached.add(name)
            ahead += own_imports(files[name], ranks(PYTHON_FLOORS))
    assert "cli.run" in reached
    assert reached & (IMPORTS_PYTEST | {ROOT_MODULE}) == set()


def test_the_rule_for_python_tells_up_from_down() -> None:
    floors = (("low", "lower"), ("mid", "pack", "pack.part"))
    files = {
        "low": "from perfplug import lower",
        "lower": "import perfplug.low",
        "mid": "def f():\n    from perfplug.pack.part import x",
        "pack": "from perfplug import Histogram, __version__",
        "pack.part": "from perfplug.pack import name\nfrom perfplug import mid",
        "__init__": "from perfplug.mid import x",
    }
    assert upward(files, floors) == [
        "low imports lower",
        "mid imports pack.part",
        "pack imports __init__",
    ]
