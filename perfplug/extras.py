"""Packages that only some features need: when one is missing, the user reads which extra brings it."""

from __future__ import annotations

from importlib.util import find_spec

from perfplug.errors import UsageError

_MODULES = {"prometheus": "prometheus_client"}  # by the extra's name in pyproject.toml


def need(extra: str, *, where: str) -> None:
    """UsageError, beginning with the place, when the extra is not installed. Imports nothing."""
    module = _MODULES[extra]
    if find_spec(module) is None:
        raise UsageError(f"{where}: needs {module}, which is not installed: pip install 'pytest-perfplug[{extra}]'")
