"""A session's result files, and what is kept of it in a baseline and the history."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from perfplug import baseline, engine
from perfplug.config import Settings
from perfplug.environment import fingerprint
from perfplug.errors import ReportError
from perfplug.keeping import Output, keep
from perfplug.report import Case, Report, forms


def write(
    settings: Settings, cases: tuple[Case, ...], *, root: Path, failed_tests: frozenset[str]
) -> tuple[Output, ...]:
    """Every file that was asked for, JSON first: from it all others can be made again."""
    wanted = forms.forms({name: getattr(settings, name) for name in forms.NAMES}, strict=settings.strict)
    if settings.prometheus_textfile is not None:
        from perfplug.report.prometheus import PrometheusReport

        wanted = (*wanted, (settings.prometheus_textfile, PrometheusReport()))
    if not wanted and (settings.save_baseline, settings.history, settings.prometheus_push) == (None, None, None):
        return ()
    report = Report(environment=fingerprint(libcurl=engine.CURL_VERSION, folder=root), cases=cases)
    written = tuple(_written(report, wanted))
    as_json = next((one.path for one in written if one.path == settings.json and one.problem is None), None)
    return (*written, *_kept(settings, report, root, as_json, failed_tests), *_pushed(settings, report))


def _written(report: Report, wanted: tuple[forms.Target, ...]) -> Iterator[Output]:
    for path, problem in forms.write(report, wanted):
        yield Output(path=path, said="" if problem else f"wrote {path}", problem=problem)


def _kept(
    settings: Settings, report: Report, root: Path, as_json: Path | None, failed_tests: frozenset[str]
) -> Iterator[Output]:
    if not report.cases:
        return
    named = settings.save_baseline
    yield from keep(
        report,
        root=root,
        baseline_file=baseline.file_of(root / baseline.FOLDER, named, where="--perf-save-baseline") if named else None,
        history_file=settings.history,
        result_file=as_json,
        failed_tests=failed_tests,
    )


def _pushed(settings: Settings, report: Report) -> Iterator[Output]:
    """Nothing when nothing was measured: the gateway then keeps what it has."""
    gateway = settings.prometheus_push
    if gateway is None or not report.cases:
        return
    from perfplug.report.prometheus_push import push

    try:
        push(gateway, report)
    except ReportError as error:
        yield Output(problem=str(error))
    else:
        yield Output(said=f"pushed to {gateway.shown}")
