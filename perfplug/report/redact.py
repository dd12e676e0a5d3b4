"""Secrets, kept out of every output.

A :class:`Redactor` knows the secrets of a report's requests (the values of secret headers, user and password in URLs,
values of secret-looking query parameters) and masks them wherever they turn up in a text, in whatever spelling
they were given; parameters and user information that merely look secret are masked without being known.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from perfplug.plan import Request

MASK = "***"
SECRET_HEADERS = frozenset({"authorization", "cookie", "set-cookie", "proxy-authorization"})

# A shorter value says too little to be worth masking everywhere: "1" would blank half a report.
_SHORTEST = 4
_SECRET_NAME = re.compile(
    r"passw|passphrase|pwd|secret|token|credential|signature|session|jwt|auth|api[-_.]?key|(access|private)[-_.]?key"
    r"|^(key|sig|sid|pass|otp|pin)$",
    re.IGNORECASE,
)
_USER_INFO = re.compile(r"(://)([^/?#\s]*)@")
_URL = re.compile(r"([a-z+]+://[^/?#]*)(.*)", re.DOTALL | re.IGNORECASE)
_PARAMETER = re.compile(r"[?&;#]([^=&;#?\s]+)=")
_VALUE = re.compile(r"[^&;#\s]*")
_PARTS = re.compile(r"[\s;,=]+")
_SCHEMES = frozenset({"basic", "bearer", "digest", "negotiate", "token"})


def looks_secret(name: str) -> bool:
    """Whether a header or parameter of this name usually holds a secret."""
    return name.lower() in SECRET_HEADERS or _SECRET_NAME.search(name) is not None


def redact_url(url: str) -> str:
    """The URL with user information and the values of secret-looking parameters masked. Works on any text."""
    url = _USER_INFO.sub(rf"\1{MASK}@", url)
    kept, position = [], 0
    for start, end in _secret_values(url):
        kept += [url[position:start], MASK]
        position = end
    return "".join([*kept, url[position:]])


class Redactor:
    """Masks secrets in texts: ``redactor(text)``."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {form for secret in secrets for form in _spellings(secret) if len(form) >= _SHORTEST}
        longest_first = sorted(known, key=lambda form: (-len(form), form))
        self._known = re.compile("|".join(map(re.escape, longest_first))) if known else None

    def __call__(self, text: str) -> str:
        text = redact_url(text)
        return self._known.sub(MASK, text) if self._known else text

    def url(self, url: str) -> str:
        """A URL masked so that it still is one: scheme, host and port stay, whatever the secrets are."""
        match = _URL.fullmatch(url)
        if match is None:
            return self(url)
        rest = self(match[2])
        return redact_url(match[1]) + ("/" if rest.startswith(MASK) else "") + rest


def redactor(requests: Iterable[Request], secret_headers: Iterable[str] = ()) -> Redactor:
    """A redactor that knows the secrets of these requests. `secret_headers` are names the user marked as secret."""
    marked = frozenset(name.lower() for name in secret_headers)
    return Redactor(secret for request in requests for secret in _secrets_of(request, marked))


def _secrets_of(request: Request, marked: frozenset[str]) -> Iterator[str]:
    for name, value in request.headers:
        if name.lower() in marked or looks_secret(name):
            yield from header_secrets(value)
    yield from url_secrets(request.url)
    if request.proxy is not None:
        yield from url_secrets(request.proxy)


def header_secrets(value: str) -> Iterator[str]:
    """A secret header's value whole, and its parts: the token without its scheme, each cookie's value, a password."""
    yield value.strip()
    scheme, _, rest = value.strip().partition(" ")
    yield rest.strip()
    if scheme.lower() == "basic":
        yield from _basic(rest.strip())
    for part in _PARTS.split(value):
        if part.lower() not in _SCHEMES:
            yield part.strip('"')


def url_secrets(url: str) -> Iterator[str]:
    """User, password and values of secret-looking parameters in a URL."""
    for match in _USER_INFO.finditer(url):
        yield match[2]
        yield from match[2].split(":", 1)
    for start, end in _secret_values(url):
        yield url[start:end]


def _secret_values(url: str) -> Iterator[tuple[int, int]]:
    """Where the values of secret-looking parameters stand. One may hold a "?", in which no other parameter begins."""
    position = 0
    while match := _PARAMETER.search(url, position):
        position = match.end()
        if looks_secret(unquote(match[1])):
            value = _VALUE.match(url, position)
            position = value.end() if value else position
            yield match.end(), position


def _basic(encoded: str) -> Iterator[str]:
    try:
        pair = base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return
    yield pair
    yield from pair.split(":", 1)


def _spellings(secret: str) -> set[str]:
    plain = {secret, unquote(secret), unquote_plus(secret)}
    return (
        plain
        | {quote(form, safe="", errors="replace") for form in plain}
        | {quote_plus(form, errors="replace") for form in plain}
    )
