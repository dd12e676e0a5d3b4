"""Settings of a pytest session: one frozen value, resolved once.

Every option can be said on the command line, in the environment and as an ini option; the first that says it wins,
in this order. What a test says itself (its marker, the arguments of ``perf.http``) stands above all three and is
not read here. An error names the source that said the wrong thing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pytest

from perfplug.errors import UsageError

if TYPE_CHECKING:
    from perfplug.report.prometheus_push import Gateway

Require = Literal["skip", "fail"]
Github = Literal["auto", "off"]
Kind = Literal["url", "path", "page", "flag", "count", "words", "choice", "time", "baseline", "gateway"]

_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the session was told. Paths are absolute."""

    base_url: str | None = None
    json: Path | None = None
    junit: Path | None = None
    markdown: Path | None = None
    csv: Path | None = None
    html: Path | None = None
    quick: bool = False
    allow_hosts: tuple[str, ...] = ()
    workers: int | None = None
    strict: bool = False
    require: Require = "skip"
    early_stop: bool = False
    budget: float | None = None  # seconds
    github: Github = "auto"
    save_baseline: str | None = None
    compare: str | None = None
    history: Path | None = None
    prometheus_textfile: Path | None = None
    prometheus_push: Gateway | None = None
    ab_base: str | None = None
    ab_pairs: int | None = None
    ab_block: int | None = None


class Option(NamedTuple):
    """One setting and the three places where it can be said."""

    name: str  # of the Settings' field
    kind: Kind
    flag: str
    ini: str
    env: str
    help: str
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    bare: str | None = None  # what the flag without a value means; a path is relative to the root folder
    extra: str | None = None  # of perfplug, that must be installed

    @property
    def dest(self) -> str:
        return f"perf_{self.name}"


OPTIONS = (
    Option(
        name="base_url",
        kind="url",
        flag="--perf-base-url",
        ini="perf_base_url",
        env="PERFPLUG_BASE_URL",
        metavar="URL",
        help="what the paths in performance tests are relative to, such as http://127.0.0.1:8000",
    ),
    Option(
        name="json",
        kind="path",
        flag="--perf-json",
        ini="perf_json",
        env="PERFPLUG_JSON",
        metavar="FILE",
        help="write the measured results as JSON",
    ),
    Option(
        name="junit",
        kind="path",
        flag="--perf-junit",
        ini="perf_junit",
        env="PERFPLUG_JUNIT",
        metavar="FILE",
        help="write JUnit XML with one test case per limit",
    ),
    Option(
        name="markdown",
        kind="path",
        flag="--perf-markdown",
        ini="perf_markdown",
        env="PERFPLUG_MARKDOWN",
        metavar="FILE",
        help="write the results as Markdown, for a job summary or a comment",
    ),
    Option(
        name="csv",
        kind="path",
        flag="--perf-csv",
        ini="perf_csv",
        env="PERFPLUG_CSV",
        metavar="FILE",
        help="write a row of figures for each load; their timelines go into FILE.timeline.csv",
    ),
    Option(
        name="html",
        kind="page",
        flag="--perf-html",
        ini="perf_html",
        env="PERFPLUG_HTML",
        metavar="FILE",
        help="write one HTML file with graphs, for people; it needs no network",
    ),
    Option(
        name="quick",
        kind="flag",
        flag="--perf-quick",
        ini="perf_quick",
        env="PERFPLUG_QUICK",
        help="short loads, for a look before a commit",
    ),
    Option(
        name="allow_hosts",
        kind="words",
        flag="--perf-allow-host",
        ini="perf_allow_hosts",
        env="PERFPLUG_ALLOW_HOSTS",
        metavar="HOST",
        help="a host that may be put under load besides loopback (repeatable; a comma list in the environment)",
    ),
    Option(
        name="workers",
        kind="count",
        flag="--perf-workers",
        ini="perf_workers",
        env="PERFPLUG_WORKERS",
        metavar="N",
        help="threads that make the load",
    ),
    Option(
        name="strict",
        kind="flag",
        flag="--perf-strict",
        ini="perf_strict",
        env="PERFPLUG_STRICT",
        help="a verdict that is INCONCLUSIVE or INVALID fails the test",
    ),
    Option(
        name="require",
        kind="choice",
        flag="--perf-require",
        ini="perf_require",
        env="PERFPLUG_REQUIRE",
        metavar="skip|fail",
        choices=("skip", "fail"),
        help="what perf.require does with a test whose target is not healthy (skip)",
    ),
    Option(
        name="github",
        kind="choice",
        flag="--perf-github",
        ini="perf_github",
        env="PERFPLUG_GITHUB",
        metavar="auto|off",
        choices=("auto", "off"),
        help="annotations and a job summary where GITHUB_ACTIONS is true (auto), or never",
    ),
    Option(
        name="early_stop",
        kind="flag",
        flag="--perf-early-stop",
        ini="perf_early_stop",
        env="PERFPLUG_EARLY_STOP",
        help="end each load as soon as all its limits are decided",
    ),
    Option(
        name="budget",
        kind="time",
        flag="--perf-budget",
        ini="perf_budget",
        env="PERFPLUG_BUDGET",
        metavar="TIME",
        help='the most that a load of duration="auto" may take (60s)',
    ),
    Option(
        name="save_baseline",
        kind="baseline",
        flag="--perf-save-baseline",
        ini="perf_save_baseline",
        env="PERFPLUG_SAVE_BASELINE",
        metavar="NAME",
        bare="default",
        help="add the measured loads to the baseline of this name (default)",
    ),
    Option(
        name="compare",
        kind="baseline",
        flag="--perf-compare",
        ini="perf_compare",
        env="PERFPLUG_COMPARE",
        metavar="NAME",
        bare="default",
        help="compare each load with the baseline of this name (default); a regression fails the test",
    ),
    Option(
        name="history",
        kind="path",
        flag="--perf-history",
        ini="perf_history",
        env="PERFPLUG_HISTORY",
        metavar="FILE",
        bare=".perfplug/history.db",
        help="add the measured loads to the history (.perfplug/history.db)",
    ),
    Option(
        name="prometheus_textfile",
        kind="path",
        flag="--perf-prometheus-textfile",
        ini="perf_prometheus_textfile",
        env="PERFPLUG_PROMETHEUS_TEXTFILE",
        metavar="FILE",
        extra="prometheus",
        help="write the metrics of all loads, for the textfile collector of Prometheus's node_exporter",
    ),
    Option(
        name="prometheus_push",
        kind="gateway",
        flag="--perf-prometheus-push",
        ini="perf_prometheus_push",
        env="PERFPLUG_PROMETHEUS_PUSH",
        metavar="URL",
        extra="prometheus",
        help="push the metrics of all loads to a Prometheus push gateway, such as http://127.0.0.1:9091",
    ),
    Option(
        name="ab_base",
        kind="url",
        flag="--perf-ab-base",
        ini="perf_ab_base",
        env="PERFPLUG_AB_BASE",
        metavar="URL",
        help="compare each load with the same on this base URL, in turns; a regression fails the test",
    ),
    Option(
        name="ab_pairs",
        kind="count",
        flag="--perf-ab-pairs",
        ini="perf_ab_pairs",
        env="PERFPLUG_AB_PAIRS",
        metavar="N",
        help="pairs of blocks of such a comparison (30)",
    ),
    Option(
        name="ab_block",
        kind="count",
        flag="--perf-ab-block",
        ini="perf_ab_block",
        env="PERFPLUG_AB_BLOCK",
        metavar="N",
        help="requests in each block (500, or 20 for each virtual user)",
    ),
)


SETTINGS = pytest.StashKey[Settings]()


def add_options(parser: pytest.Parser) -> None:
    """Every option as a flag and as an ini option. Values are checked by :func:`resolve`, not by the parser."""
    group = parser.getgroup("perfplug", "performance tests (perfplug)")
    ini_types: dict[Kind, Any] = {"flag": "bool", "words": "linelist"}
    if pytest.version_tuple >= (8, 4):
        ini_types["count"] = "int"  # so that `perf_workers = 2` is right in a [tool.pytest] table
    for option in OPTIONS:
        shape: dict[str, Any] = {"dest": option.dest, "default": None, "help": option.help}
        if option.kind == "flag":
            shape["action"] = "store_true"
        else:
            shape["metavar"] = option.metavar
            shape["action"] = "append" if option.kind == "words" else "store"
        if option.bare is not None:
            shape |= {"nargs": "?", "const": option.bare}
        group.addoption(option.flag, **shape)
        parser.addini(option.ini, f"{option.help} ({option.flag})", ini_types.get(option.kind, "string"), default=None)


def from_pytest(config: pytest.Config) -> Settings:
    """The session's settings. UsageError when a source says something wrong."""
    return resolve(
        {option.name: _said(config, option) for option in OPTIONS},
        os.environ,
        {option.ini: _read_ini(config, option) for option in OPTIONS},
        here=config.invocation_params.dir,
        ini_dir=config.inipath.parent if config.inipath else config.rootpath,
    )


def _said(config: pytest.Config, option: Option) -> object:
    """What the command line says. UsageError when a flag took the path behind it for its own value."""
    value = config.getoption(option.dest)
    if option.bare is None or value is None:
        return value
    if value in ("", option.bare):
        return str(config.rootpath / option.bare) if option.kind == "path" else option.bare
    here = config.invocation_params
    alone = f"{option.flag}={value}" not in here.args and not hasattr(config, "workerinput")
    if alone and (here.dir / str(value).partition("::")[0]).exists():
        raise UsageError(
            f"{option.flag}: {value!r} is there as a file or folder: write {option.flag}={value} if it is the "
            f"{option.metavar}, or {option.flag} behind the paths if it is what to test"
        )
    return value


def _read_ini(config: pytest.Config, option: Option) -> object:
    try:
        return config.getini(option.ini)
    except (TypeError, ValueError, pytest.UsageError) as error:  # which of them depends on pytest's version
        where = config.inipath.name if config.inipath else "-o"
        raise UsageError(f"ini option {option.ini} ({where}): {error}") from error


def resolve(
    command_line: Mapping[str, object],
    environ: Mapping[str, str],
    ini: Mapping[str, object],
    *,
    here: Path,
    ini_dir: Path,
) -> Settings:
    """The first source that says an option wins: command line (by field name), environment, ini.

    A relative path is relative to ``here``, in the ini file to that file's folder. UsageError names the source.
    """
    values: dict[str, Any] = {}
    for option in OPTIONS:
        said = (
            (command_line.get(option.name), option.flag, here),
            (environ.get(option.env), option.env, here),
            (ini.get(option.ini), f"ini option {option.ini}", ini_dir),
        )
        for value, source, folder in said:
            if value is not None and value != "" and value != []:
                if option.extra is not None:
                    from perfplug.extras import need

                    need(option.extra, where=source)
                values[option.name] = _PARSERS[option.kind](option, value, source, folder)
                break
    return Settings(**values)


def _url(_option: Option, value: object, source: str, _folder: Path) -> str:
    from perfplug.urls import split_url

    text = str(value).strip()
    try:
        split_url(text)
    except UsageError as error:
        raise UsageError(f"{source}: {error}") from None
    return text


def _path(_option: Option, value: object, source: str, folder: Path) -> Path:
    path = folder / Path(str(value)).expanduser()
    if path.is_dir():
        raise UsageError(f"{source}: {value!s} is a folder; name a file in it")
    return path


def _page(option: Option, value: object, source: str, folder: Path) -> Path:
    """A path for what needs the charting library: that it is missing is said before anything is measured."""
    from perfplug.report.html_library import library

    library(where=source)
    return _path(option, value, source, folder)


def _flag(_option: Option, value: object, source: str, _folder: Path) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise UsageError(f"{source}: {value!r} is neither true nor false; say 1 or 0")


def _count(_option: Option, value: object, source: str, _folder: Path) -> int:
    try:
        number = int(str(value))
    except ValueError:
        number = 0
    if number < 1:
        raise UsageError(f"{source}: {value!s} is not a whole number from 1 on")
    return number


def _words(_option: Option, value: object, source: str, _folder: Path) -> tuple[str, ...]:
    listed = value if isinstance(value, (list, tuple)) else [value]
    words = tuple(word.strip() for line in listed for word in str(line).split(",") if word.strip())
    for word in words:
        if "://" in word or any(letter.isspace() for letter in word):
            raise UsageError(
                f"{source}: {word!r} is not a host; say the name or address alone, such as staging.example"
            )
    return words


def _time(_option: Option, value: object, source: str, _folder: Path) -> float:
    from perfplug.units import parse_duration

    try:
        seconds = parse_duration(value)
    except UsageError as error:
        raise UsageError(f"{source}: {error}") from None
    if seconds <= 0.0:
        raise UsageError(f"{source}: {value!r} is not above 0 seconds")
    return seconds


def _choice(option: Option, value: object, source: str, _folder: Path) -> str:
    word = str(value).strip().lower()
    if word in option.choices:
        return word
    from perfplug.units import nearest

    raise UsageError(f"{source}: {value!r} is not known{nearest(word, option.choices)}")


def _baseline(_option: Option, value: object, source: str, _folder: Path) -> str:
    from perfplug.baseline import checked_name

    return checked_name(str(value).strip(), where=source)


def _gateway(_option: Option, value: object, source: str, _folder: Path) -> Gateway:
    from perfplug.report.prometheus_push import parse_gateway

    return parse_gateway(str(value).strip(), where=source)


_PARSERS: dict[Kind, Callable[[Option, object, str, Path], object]] = {
    "url": _url,
    "path": _path,
    "page": _page,
    "flag": _flag,
    "count": _count,
    "words": _words,
    "choice": _choice,
    "time": _time,
    "baseline": _baseline,
    "gateway": _gateway,
}
