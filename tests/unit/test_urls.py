"""URLs taken apart."""

from __future__ import annotations

import pytest

from perfplug.errors import UsageError
from perfplug.urls import split_url


@pytest.mark.parametrize(
    ("url", "tls", "host", "port", "path"),
    [
        ("http://localhost", False, "localhost", 80, "/"),
        ("https://localhost/a?b=c", True, "localhost", 443, "/a?b=c"),
        ("http://[::1]:8000/x", False, "::1", 8000, "/x"),
        ("http://LocalHost:81?q=1", False, "localhost", 81, "/?q=1"),
        ("http://h/a b/ü#part", False, "h", 80, "/a%20b/%C3%BC"),
        ("http://h/%7Ex%2F?a=%26", False, "h", 80, "/%7Ex%2F?a=%26"),
        ("http://bücher.test/", False, "xn--bcher-kva.test", 80, "/"),
    ],
)
def test_a_url_says_where_to_connect_and_what_to_ask_for(url: str, tls: bool, host: str, port: int, path: str) -> None:
    origin = split_url(url)
    assert (origin.tls, origin.host, origin.port, origin.path) == (tls, host, port, path)
    assert split_url(origin.url) == origin


def test_a_unix_socket_stands_in_the_url_and_keeps_its_case() -> None:
    origin = split_url("http+unix://%2Ftmp%2FApp.sock/health")
    assert (origin.unix_path, origin.path, origin.host) == ("/tmp/App.sock", "/health", "localhost")
    assert split_url(origin.url) == origin


def test_a_user_is_taken_out_of_the_url() -> None:
    origin = split_url("http://me:s%40crt@localhost/x")
    assert origin.user == "me:s@crt"
    assert origin.url == "http://localhost/x"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("localhost:8000/x", "write 'http://localhost:8000/x'"),
        ("ftp://localhost/", "the scheme 'ftp' is not one of http, https, http+unix"),
        ("file:///etc/passwd", "the scheme 'file'"),
        ("http:///x", "names no host"),
        ("http://h:99999/", "is not a URL"),
        ("http://h:0/", "there is no port 0"),
        ("http://h:x/", "is not a URL"),
        ("http://[::1", "is not a URL"),
        ("http://a b/", "'a b' is not the name of a host"),
        ("http://a..b/", "is not the name of a host"),
        ("http://h/\r\nX: y", "control character"),
        ("http+unix://relative/x", "http+unix://%2Frun%2Fapp.sock/health"),
        ("http+unix://%2F" + "a" * 120 + "/x", "longer than 107 bytes"),
    ],
)
def test_what_is_no_url_is_refused_with_what_would_be_right(url: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        split_url(url)
    assert told in str(caught.value)
