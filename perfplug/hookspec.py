"""Hooks that a conftest.py or another plugin may implement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from perfplug.result import Result
    from perfplug.sla import Judged


@pytest.hookspec
def pytest_perfplug_result(result: Result, judged: tuple[Judged, ...], item: pytest.Item) -> None:
    """Called after each load of a test, as soon as it is judged; also for one that was interrupted or found no target.

    ``judged`` is empty when the load has no limits. Runs in the process that ran the test (with pytest-xdist: the
    worker). What it raises fails the test.
    """
