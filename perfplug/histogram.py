"""Latency histograms, and their text form that any HDR tool reads."""

from __future__ import annotations

import base64
import binascii
import struct
import zlib

from perfplug._core import Histogram, resampled_quantiles

__all__ = ["Histogram", "encoded_to_text", "from_text", "resampled_quantiles", "to_text"]

# The outer envelope of a compressed V2 histogram: cookie, length of the deflated payload, payload.
_COMPRESSED_V2_COOKIE = 0x1C849304 | 0x10
_ENVELOPE = struct.Struct(">ii")
_QUICKEST = 1  # of zlib's levels: a report holds thousands of histograms, and more effort saves a hundredth
_PAYLOAD_MAX = 16 * 1024 * 1024  # a full three-digit histogram of an hour is under 300 kB


def to_text(histogram: Histogram) -> str:
    """HdrHistogram V2, compressed, base64. Values are microseconds."""
    return encoded_to_text(histogram.encode())


def encoded_to_text(encoded: bytes) -> str:
    """The same of a histogram that is encoded already."""
    payload = zlib.compress(encoded, _QUICKEST)
    return base64.b64encode(_ENVELOPE.pack(_COMPRESSED_V2_COOKIE, len(payload)) + payload).decode("ascii")


def from_text(text: str) -> Histogram:
    """The inverse of :func:`to_text`. ValueError for anything else."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not a histogram: not base64") from error
    if len(raw) < _ENVELOPE.size:
        raise ValueError("not a histogram: too short")
    cookie, length = _ENVELOPE.unpack_from(raw)
    if cookie != _COMPRESSED_V2_COOKIE or length != len(raw) - _ENVELOPE.size:
        raise ValueError("not a histogram: not HdrHistogram V2, compressed")
    inflater = zlib.decompressobj()
    try:
        payload = inflater.decompress(raw[_ENVELOPE.size :], _PAYLOAD_MAX)
    except zlib.error as error:
        raise ValueError("not a histogram: damaged") from error
    if not inflater.eof:
        raise ValueError("not a histogram: cut short or too large")
    return Histogram.decode(payload)
