"""Requests of every shape arrive as they were described, and answers of every shape are understood."""

from __future__ import annotations

import pytest
from live_harness import Target

BODY = b'{"product": 42}'

# path, whether the connection goes on after it
SHAPES = (
    ("/ok", True),
    ("/chunked", True),
    ("/no-content", True),
    ("/interim", True),
    ("/in-pieces", True),
    ("/size?bytes=0", True),
    ("/size?bytes=300000", True),
    ("/status?code=304", True),
    ("/until-close", False),
    ("/http10", False),
    ("/close", False),
)


@pytest.mark.parametrize(("path", "goes_on"), SHAPES, ids=[path.strip("/") for path, _ in SHAPES])
def test_an_answer_of_any_shape_is_good(target: Target, path: str, goes_on: bool) -> None:
    result = target.measure(path, users=2, requests=20)
    assert (result.ok, result.errors) == (20, {})
    assert result.connections == (2 if goes_on else 20)
    assert result.reused == (18 if goes_on else 0)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_method_with_a_body_arrives_whole(target: Target, method: str) -> None:
    headers = (("Content-Type", "application/json"), ("X-Trace", "abc"))
    result = target.measure("/ok", method=method, body=BODY, headers=headers, users=2, requests=6)
    assert result.ok == 6
    for seen in target.server.seen():
        assert (seen["method"], seen["body"].encode()) == (method, BODY)
        assert seen["headers"]["content-type"] == "application/json"
        assert seen["headers"]["x-trace"] == "abc"


@pytest.mark.parametrize("method", ["GET", "DELETE", "OPTIONS"])
def test_a_method_without_a_body_sends_none(target: Target, method: str) -> None:
    result = target.measure("/ok", method=method, requests=3)
    assert result.ok == 3
    for seen in target.server.seen():
        assert (seen["method"], seen["body_length"]) == (method, 0)
        assert "content-length" not in seen["headers"]


def test_an_empty_body_says_its_length(target: Target) -> None:
    assert target.measure("/ok", method="PUT", body=b"", requests=2).ok == 2
    assert [seen["headers"].get("content-length") for seen in target.server.seen()] == ["0", "0"]


def test_a_large_body_arrives_whole(target: Target) -> None:
    result = target.measure("/ok", method="POST", body=b"z" * 3_000_000, users=2, requests=4)
    assert result.ok == 4
    assert [seen["body_length"] for seen in target.server.seen()] == [3_000_000] * 4


def test_a_body_of_any_bytes_arrives_as_it_is(target: Target) -> None:
    body = bytes(range(256))
    assert target.measure("/ok", method="POST", body=body, requests=1).ok == 1
    assert target.server.seen()[0]["body"].encode("latin-1") == body


def test_the_answer_to_head_has_no_body_whatever_its_length_says(target: Target) -> None:
    result = target.measure("/head", method="HEAD", users=2, requests=20)
    assert (result.ok, result.connections) == (20, 2)
    assert result.bytes < 20 * 1000


def test_the_host_header_names_the_server_and_can_be_replaced(target: Target) -> None:
    assert target.measure("/ok", requests=1).ok == 1
    assert target.measure("/ok", headers=(("Host", "shop.example"),), requests=1).ok == 1
    first, second = target.server.seen()
    assert first["headers"]["host"] == f"127.0.0.1:{target.server.port}"
    assert second["headers"]["host"] == "shop.example"


@pytest.mark.parametrize("path", ["/ok", "/chunked", "/in-pieces"])
def test_a_text_that_the_body_holds_is_found_in_any_piece(target: Target, path: str) -> None:
    assert target.measure(path, expect_text='ok","items"', requests=5).ok == 5


def test_a_text_that_the_body_lacks_is_content(target: Target) -> None:
    result = target.measure("/ok", expect_text="out of stock", users=2, requests=6)
    assert result.errors == {"content": 6}
    assert result.statuses == {200: 6}
    assert result.connections == 2  # a whole answer all the same


def test_a_text_beyond_ascii_is_found(target: Target) -> None:
    result = target.measure("/size?bytes=10", expect_text="größe", requests=2)
    assert result.errors == {"content": 2}


@pytest.mark.parametrize(
    ("code", "good"), [(200, True), (204, True), (301, True), (400, False), (404, False), (503, False)]
)
def test_200_to_399_is_good_unless_said_otherwise(target: Target, code: int, good: bool) -> None:
    result = target.measure(f"/status?code={code}" if code != 204 else "/no-content", requests=3)
    assert result.statuses == {code: 3}
    assert result.errors == ({} if good else {"status": 3})


def test_the_expected_status_decides(target: Target) -> None:
    assert target.measure("/status?code=404", expect_status=(404, 410), requests=3).ok == 3
    assert target.measure("/ok", expect_status=(404, 410), requests=3).errors == {"status": 3}


def test_a_body_up_to_the_cap_is_good_and_beyond_it_too_large(target: Target) -> None:
    assert target.measure("/size?bytes=5000", body_cap=5000, requests=3).ok == 3
    assert target.measure("/size?bytes=5001", body_cap=5000, requests=3).errors == {"body_too_large": 3}


def test_bytes_are_those_received(target: Target) -> None:
    result = target.measure("/size?bytes=50000", users=2, requests=10)
    assert 10 * 50_000 < result.bytes < 10 * 50_500


def test_a_path_arrives_as_it_was_written(target: Target) -> None:
    result = target.measure("/ok?q=a%20b&r=%C3%BC", requests=1)
    assert result.ok == 1


def test_each_user_has_cookies_of_its_own(curl_target: Target) -> None:
    result = curl_target.measure("/cookie", cookies=True, users=3, requests=12)
    assert result.ok == 12
    strangers = [seen for seen in curl_target.server.seen() if "cookie" not in seen["headers"]]
    assert len(strangers) == 3
    assert {seen["headers"].get("cookie") for seen in curl_target.server.seen()} == {None, "session=42"}


def test_without_cookies_none_is_kept(target: Target) -> None:
    assert target.measure("/cookie", cookies=False, decompress=target.way == "curl", requests=4).ok == 4
    assert not any("cookie" in seen["headers"] for seen in target.server.seen())


def test_a_compressed_answer_is_decompressed_when_asked_for(curl_target: Target) -> None:
    result = curl_target.measure("/compressed", decompress=True, expect_text="items", requests=4)
    assert (result.ok, result.errors) == (4, {})
    assert all("gzip" in seen["headers"]["accept-encoding"] for seen in curl_target.server.seen())


def test_no_compression_is_asked_for_otherwise(target: Target) -> None:
    assert target.measure("/compressed", expect_text="items", requests=4).ok == 4
    assert not any("gzip" in seen["headers"].get("accept-encoding", "") for seen in target.server.seen())


def test_a_decompressed_body_counts_against_the_cap(curl_target: Target) -> None:
    result = curl_target.measure("/bomb", decompress=True, body_cap=100_000, users=2, requests=4)
    assert result.errors == {"body_too_large": 4}
