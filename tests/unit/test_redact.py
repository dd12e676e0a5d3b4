"""Secrets are masked wherever they turn up."""

from __future__ import annotations

import base64
import html
from urllib.parse import quote

import builders
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from perfplug.plan import Request
from perfplug.report.compact import CompactReport
from perfplug.report.csv_report import CsvReport
from perfplug.report.escape import ascii_only, printable
from perfplug.report.json_report import JsonReport
from perfplug.report.junit import JunitReport
from perfplug.report.markdown import MarkdownReport
from perfplug.report.redact import MASK, Redactor, looks_secret, redact_url, redactor
from perfplug.report.terminal import TerminalReport

URL = "http://127.0.0.1:8000/"
FORMS = (JsonReport(), JunitReport(), TerminalReport(), CompactReport(), MarkdownReport(), CsvReport())


@pytest.mark.parametrize(
    "name", ["Authorization", "COOKIE", "set-cookie", "Proxy-Authorization", "X-Api-Key", "api_key", "access_token"]
)
def test_headers_and_parameters_that_hold_secrets_are_known_by_name(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize("name", ["Accept", "Content-Type", "monkey", "page", "design", "compass_point", "keyboard"])
def test_innocent_names_are_left_alone(name: str) -> None:
    assert not looks_secret(name)


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("http://joe:pw@h:1/x", "http://***@h:1/x"),
        ("http://joe@h/x", "http://***@h/x"),
        ("http://a@b:c@h/x", "http://***@h/x"),
        ("http://h/x?page=2&token=abc&q=1", "http://h/x?page=2&token=***&q=1"),
        ("http://h/x?api%5Fkey=abc", "http://h/x?api%5Fkey=***"),
        ("http://h/x;sid=abc?y=1#access_token=z", "http://h/x;sid=***#access_token=***"),
        ("http://h/x;y=abc?token=z?z", "http://h/x;y=abc?token=***"),
        ("http://h/x?password=", "http://h/x?password=***"),
        ("http://h/mail@example.test?q=a@b", "http://h/mail@example.test?q=a@b"),
        ("see http://joe:pw@h/x and https://h/?sig=1 there", "see http://***@h/x and https://h/?sig=*** there"),
    ],
)
def test_user_information_and_secret_looking_parameters_are_masked_in_urls(url: str, masked: str) -> None:
    assert redact_url(url) == masked


def test_a_secret_headers_value_is_masked_whole_and_in_parts() -> None:
    redact = redactor(
        [Request(url=URL, headers=(("Authorization", "Bearer s3cr3t-token"), ("Cookie", "a=first; b=second1")))]
    )
    assert redact("got s3cr3t-token back") == f"got {MASK} back"
    assert redact("Bearer s3cr3t-token") == MASK
    assert redact("first and second1") == f"{MASK} and {MASK}"
    assert redact("a Bearer of news") == "a Bearer of news"


def test_the_password_inside_basic_authorization_is_masked_too() -> None:
    value = base64.b64encode(b"joe:open sesame").decode()
    redact = redactor([Request(url=URL, headers=(("Authorization", f"Basic {value}"),))])
    assert redact(f"{value} is open sesame") == f"{MASK} is {MASK}"


def test_a_header_that_the_user_marked_is_masked_and_others_are_not() -> None:
    request = Request(url=URL, headers=(("X-Tenant", "acme-corp"), ("Accept", "text/html")))
    assert redactor([request], ["x-tenant"])("acme-corp text/html") == f"{MASK} text/html"
    assert redactor([request])("acme-corp") == "acme-corp"


def test_other_spellings_of_a_secret_are_masked() -> None:
    redact = redactor([Request(url=URL + "?token=a%2Fb%20c+d")])
    for spelling in ("a%2Fb%20c+d", "a/b c+d", "a/b c d", quote("a/b c d", safe="")):
        assert redact(f"<{spelling}>") == f"<{MASK}>"


def test_the_longest_secret_is_masked_first() -> None:
    assert Redactor(["abcd", "abcdefgh"])("abcdefgh abcd") == f"{MASK} {MASK}"


def test_a_value_too_short_to_mean_anything_is_not_masked_everywhere() -> None:
    assert Redactor(["1", ""])("100 requests, 1 error") == "100 requests, 1 error"


def test_a_masked_url_is_still_a_url_whatever_the_secrets_are() -> None:
    redact = Redactor(["http", "127.0.0.1", "/orders"])
    assert redact.url("http://127.0.0.1:8000/orders?x=http") == f"http://127.0.0.1:8000/{MASK}?x={MASK}"


secrets = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40)


@settings(deadline=None, max_examples=60)
@given(secret=secrets)
def test_a_planted_secret_appears_in_no_report(secret: str) -> None:
    assume(not any(secret in form.render(builders.report()) for form in FORMS))
    plan = builders.plan(
        url=f"{URL}orders?token={quote(secret, safe='')}",
        headers=(("Authorization", f"Bearer {secret}"),),
        name=f"orders {secret}",
    )
    result = builders.result(good=50, plan=plan, name=f"orders {secret}", unreachable=None)
    spoiled = builders.client(causes=(f"cause {secret}",), valid=False)
    limit = builders.judged(cause=f"because of {secret}")
    cases = [
        builders.case(limit, test=f"t.py::t[{secret}]", file=f"{secret}.py", result=result),
        builders.case(result=builders.result(good=50, plan=plan, client=spoiled)),
        builders.case(result=builders.result(plan=plan, good=0, unreachable=f"no way to {secret}")),
    ]
    for form in FORMS:
        text = html.unescape(form.render(builders.report(*cases)))
        for spelling in (secret, quote(secret, safe=""), printable(secret), ascii_only(secret)):
            assert spelling not in text
