"""pytest's hooks, and nothing else: what a session is told is in :mod:`perfplug.config`, what a test can do in
:mod:`perfplug.fixtures`, what follows from it in :mod:`perfplug.ledger`.

Loaded in every pytest session of an environment, so it imports nothing heavy and says nothing until a performance
test has run.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from perfplug import config as settings
from perfplug import hookspec, marker
from perfplug.config import SETTINGS
from perfplug.errors import LimitExceeded, PerfplugError, ServiceError, UsageError
from perfplug.fixtures import LEDGER, LOADS, NODE_ID, PerfplugWarning, new_loads, on_worker, perf
from perfplug.ledger import Ledger

if TYPE_CHECKING:
    from perfplug.keeping import Output

__all__ = ["PerfplugWarning", "perf"]

_CARRIED = "perfplug_cases"  # attribute of a test report on its way from a worker of pytest-xdist
_GROUP = "perfplug"
_MARKUP = {
    "PASS": {"green": True},
    "WARN": {"yellow": True},
    "INCONCLUSIVE": {"purple": True},
    "INVALID": {"purple": True},
    "FAIL": {"red": True},
}


def pytest_addoption(parser: pytest.Parser) -> None:
    settings.add_options(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(hookspec)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", marker.SIGNATURE)
    config.stash[LEDGER] = Ledger()
    try:
        config.stash[SETTINGS] = settings.from_pytest(config)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
    if not on_worker(config):
        config.pluginmanager.register(Session(config), "perfplug-session")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not on_worker(config):
        return
    for item in items:
        item.stash[NODE_ID] = item.nodeid
        if item.get_closest_marker(marker.NAME):
            item.add_marker(pytest.mark.xdist_group(_GROUP))


def pytest_runtest_setup(item: pytest.Item) -> None:
    if LOADS in item.stash:  # of an earlier run of the same test
        del item.stash[LOADS]
    if item.get_closest_marker(marker.NAME) is None:
        return
    test = item.stash.get(NODE_ID, item.nodeid)
    item.stash[LOADS] = new_loads(item, marker.promise(item.iter_markers(marker.NAME), where=test))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    outcome = yield
    loads = item.stash.get(LOADS, None)
    if loads is not None:
        loads.require_a_load()
        for warning in loads.settle(strict=item.config.stash[SETTINGS].strict):
            item.warn(PerfplugWarning(warning))
    return outcome


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    raised = call.excinfo.value if call.excinfo else None
    if report.failed and isinstance(raised, (PerfplugError, PerfplugWarning)):
        report.longrepr = item.repr_failure(_without_traceback(raised))
    loads = item.stash.get(LOADS, None)
    if loads is not None:
        if raised is not None and not isinstance(raised, LimitExceeded) and (lines := loads.give_up()):
            report.sections.append(("performance", lines))
        if report.when == "teardown" and on_worker(item.config):
            from perfplug.carry import pack

            setattr(report, _CARRIED, pack(tuple(loads.cases)))
    return report


def _without_traceback(raised: BaseException) -> pytest.ExceptionInfo[BaseException]:
    plain = pytest.fail.Exception(_told(raised), pytrace=False)
    return pytest.ExceptionInfo.from_exception(plain.with_traceback(raised.__traceback__))


def _told(raised: BaseException) -> str:
    log = raised.log if isinstance(raised, ServiceError) else ()
    if not log:
        return str(raised)
    from perfplug.report.escape import console, printable

    return "\n".join([str(raised), *(f"  | {console(printable(line))}" for line in log)])


class Session:
    """The hooks of the process that reports: the only one, or pytest-xdist's controller."""

    def __init__(self, config: pytest.Config) -> None:
        self._settings = config.stash[SETTINGS]
        self._ledger = config.stash[LEDGER]
        self._outputs: tuple[Output, ...] = ()
        self._annotations = ""
        self._distributed = False
        self._failed: set[str] = set()  # tests, whatever failed them

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # Taken off, since other plugins write out whatever they find on a report.
        carried = report.__dict__.pop(_CARRIED, None)
        if report.failed:
            self._failed.add(report.nodeid.removesuffix(f"@{_GROUP}"))
        if carried is None:
            return
        from perfplug.carry import unpack

        self._distributed = True
        self._ledger.asked_for = True
        if cases := unpack(carried):
            self._ledger.enter(cases[0].test, cases)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not self._ledger.asked_for:
            return
        from perfplug.outputs import write

        self._outputs = write(
            self._settings,
            self._ledger.cases,
            root=session.config.rootpath,
            failed_tests=frozenset(self._failed),
        )
        self._tell_github(session.config.rootpath)
        # A file that somebody waits for is not there: not a green session, but a failed test stays what it is.
        if session.exitstatus == pytest.ExitCode.OK and any(output.problem for output in self._outputs):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
        if self._ledger.cases and config.getoption("verbose") > -2:
            self._summary(terminalreporter)
        for output in self._outputs:
            if output.problem:
                terminalreporter.write_line(f"perfplug: {output.problem}", red=True)
            elif config.getoption("verbose") > -2:
                terminalreporter.write_line(f"perfplug: {output.said}")
            for note in output.notes:
                terminalreporter.write_line(f"perfplug: {note}", yellow=True)
        terminalreporter.ensure_newline()
        terminalreporter.write(self._annotations)

    def _tell_github(self, root: Path) -> None:
        from perfplug.github_session import tell

        told = tell(self._settings, self._ledger.cases, root=root, environ=os.environ)
        self._annotations = told.annotations
        self._outputs += told.summary

    def _summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        from perfplug.report import Report
        from perfplug.report.compact import lines
        from perfplug.report.escape import console

        terminalreporter.write_sep("=", marker.NAME)
        if self._distributed:
            terminalreporter.write_line(
                "pytest-xdist: one load at a time, whatever the number of workers; "
                "other tests ran beside them (-m performance leaves those out)"
            )
        for line in lines(Report(environment={}, cases=self._ledger.cases)):
            terminalreporter.write_line(
                console(line.text), **_MARKUP.get(line.verdict.value if line.verdict else "", {})
            )
