"""``python -m perfplug`` is the command ``perfplug``."""

from __future__ import annotations

import sys

from perfplug.cli import main

if __name__ == "__main__":
    sys.exit(main())
