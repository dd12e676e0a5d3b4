"""A URL taken apart: where to connect, and what to ask for there. Only http, https and http+unix are known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urlsplit

from perfplug.errors import UsageError

SCHEMES = ("http", "https", "http+unix")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PATH_SAFE = "%/:?#[]@!$&'()*+,;=-._~"  # what a user has escaped already stays as it is
_UNIX_PATH_MAX = 107  # sun_path without its NUL


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """``host`` is a name or an address, IPv6 without brackets; for a unix socket "localhost". ``path`` holds the
    query and is never empty. ``user`` is "name:password" as it stood in the URL, decoded."""

    tls: bool
    host: str
    port: int
    path: str
    unix_path: str | None = None
    user: str | None = None

    @property
    def url(self) -> str:
        """The URL again, in one form, without the user."""
        return self.base + self.path

    @property
    def base(self) -> str:
        """Scheme, host and port."""
        if self.unix_path is not None:
            return f"http+unix://{quote(self.unix_path, safe='')}"
        scheme = "https" if self.tls else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[scheme] else f":{self.port}"
        return f"{scheme}://{host}{port}"

    @property
    def label(self) -> str:
        """The path without its query, for names of requests."""
        return self.path.partition("?")[0]


def split_url(url: str) -> Origin:
    """UsageError when it is not an absolute URL that can be asked for."""
    if _CONTROL.search(url):
        raise UsageError(f"{url!r} is not a URL: it holds a control character")
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{url!r} is not a URL: {error}") from None
    _check_scheme(url, parts)
    path = quote(parts.path or "/", safe=_PATH_SAFE)
    if parts.query:
        path += "?" + quote(parts.query, safe=_PATH_SAFE)
    if parts.scheme == "http+unix":
        return Origin(tls=False, host="localhost", port=80, path=path, unix_path=_unix_path(url, parts))
    if not parts.hostname:
        raise UsageError(f"{url!r} is not a URL: it names no host")
    if port == 0:
        raise UsageError(f"{url!r} is not a URL: there is no port 0")
    return Origin(
        tls=parts.scheme == "https",
        host=_ascii_host(url, parts.hostname),
        port=port or _DEFAULT_PORTS[parts.scheme],
        path=path,
        user=_user(parts),
    )


def _check_scheme(url: str, parts: SplitResult) -> None:
    if parts.scheme in SCHEMES and "://" in url:
        return
    if "://" in url:
        raise UsageError(f"{url!r}: the scheme {parts.scheme!r} is not one of http, https, http+unix")
    raise UsageError(f"{url!r} is not an absolute URL: write 'http://{url.lstrip('/')}'")


def _unix_path(url: str, parts: SplitResult) -> str:
    # Not .hostname, which lower-cases.
    path = unquote(parts.netloc)
    if not path.startswith("/"):
        raise UsageError(f"{url!r}: write the socket's path like 'http+unix://%2Frun%2Fapp.sock/health'")
    if len(path.encode()) > _UNIX_PATH_MAX:
        raise UsageError(f"{url!r}: the socket's path is longer than {_UNIX_PATH_MAX} bytes")
    return path


def _user(parts: SplitResult) -> str | None:
    user, at, _ = parts.netloc.rpartition("@")
    if not at:
        return None
    user = unquote(user)
    return user if ":" in user else f"{user}:"


def _ascii_host(url: str, host: str) -> str:
    if ":" in host:
        return host
    try:
        name = host.encode("idna").decode("ascii")
    except UnicodeError:
        raise UsageError(f"{url!r} is not a URL: {host!r} is not the name of a host") from None
    if not re.fullmatch(r"[A-Za-z0-9._-]+", name):
        raise UsageError(f"{url!r} is not a URL: {host!r} is not the name of a host")
    return name
