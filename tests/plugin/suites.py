"""Names that the plugin's tests and their fixtures share. Not in conftest.py, which other folders have as well."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

SERVERS = Path(__file__).resolve().parent.parent / "servers"
Suite = Callable[..., pytest.RunResult]  # what the `suite` fixture gives
