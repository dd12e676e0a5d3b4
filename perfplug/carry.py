"""Cases as text, for the way from a process that measured them to the one that reports them.

Only for processes of the same session: what :func:`unpack` is given must come from :func:`pack`, since a pickle can
do anything when it is read. For files there is :mod:`perfplug.report.json_report`.
"""

from __future__ import annotations

import base64
import copyreg
import io
import pickle
from types import MappingProxyType
from typing import Any

from perfplug.histogram import Histogram
from perfplug.report import Case


def pack(cases: tuple[Case, ...]) -> str:
    """ASCII text. Histograms keep their counts; minimum, maximum and moments their three digits."""
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, protocol=pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = copyreg.dispatch_table | {Histogram: _histogram, MappingProxyType: _mapping}
    pickler.dump(cases)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def unpack(text: str) -> tuple[Case, ...]:
    """The inverse of :func:`pack`."""
    cases: tuple[Case, ...] = pickle.loads(base64.b64decode(text))
    return cases


def _histogram(histogram: Histogram) -> tuple[Any, ...]:
    return Histogram.decode, (histogram.encode(),)


def _mapping(mapping: MappingProxyType[Any, Any]) -> tuple[Any, ...]:
    return dict, (dict(mapping),)
