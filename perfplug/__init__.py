"""perfplug: performance promises as tests.

The public names below are loaded when first used, so that pytest's start-up does not pay for them.

PYTEST_DONT_REWRITE: there is nothing in it to rewrite, and pytest would warn where perfplug was imported before its
plugin is loaded.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from perfplug.errors import InvalidMeasurement as InvalidMeasurement
    from perfplug.errors import LimitExceeded as LimitExceeded
    from perfplug.errors import PerfplugError as PerfplugError
    from perfplug.errors import ReportError as ReportError
    from perfplug.errors import TargetUnreachable as TargetUnreachable
    from perfplug.errors import UsageError as UsageError
    from perfplug.fixtures import Perf as Perf
    from perfplug.fixtures import PerfplugWarning as PerfplugWarning
    from perfplug.histogram import Histogram as Histogram
    from perfplug.plan import Load as Load
    from perfplug.plan import Plan as Plan
    from perfplug.plan import Request as Request
    from perfplug.plan import Think as Think
    from perfplug.plan import Tls as Tls
    from perfplug.result import Result as Result

__version__ = "0.1.0"

_HOMES = {
    "errors": (
        "InvalidMeasurement",
        "LimitExceeded",
        "PerfplugError",
        "ReportError",
        "TargetUnreachable",
        "UsageError",
    ),
    "fixtures": ("Perf", "PerfplugWarning"),
    "histogram": ("Histogram",),
    "plan": ("Load", "Plan", "Request", "Think", "Tls"),
    "result": ("Result",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})
