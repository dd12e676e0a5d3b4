"""A comment under a pull request, written once and then changed in place: ``perfplug github comment``.

Made for a ``workflow_run``, which may write where a fork's own run may not. So nothing that the fork made is believed:
the pull request is the one whose head the event tells of, never one that an artifact names; of the artifact only a
result JSON is read, checked field by field, and shown as inert text; no code of the pull request is there to run.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from perfplug.actions import job
from perfplug.errors import ReportError, UsageError
from perfplug.report.github_summary import COMMENT_BYTES, SummaryReport
from perfplug.report.load import load_report

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_TIMEOUT = 30.0  # seconds
_PAGE = 100
_PAGES = 50  # more comments than that are not looked through
_LARGEST = 100_000_000  # bytes of a result that is read at all


def comment(arguments: argparse.Namespace) -> int:
    """Writes or changes the comment. UsageError outside of a job; ReportError when GitHub does not take it."""
    if not _NAME.fullmatch(arguments.name):
        raise UsageError(f"--name: {arguments.name!r} is not a name: letters, digits, '.', '_' and '-'")
    event = job(os.environ).payload()
    api = Api.of(os.environ)
    numbers = pull_requests(api, event)
    if not numbers:
        print("perfplug: no open pull request has this head any more: nothing to comment on")
    marker = f"<!-- perfplug: {arguments.name} -->"
    text = "\n".join([marker, *_sections(arguments), _where(event)])
    for number in numbers:
        print(f"perfplug: {_put(api, number, marker, text, arguments.author)}")
    return 0


def _sections(arguments: argparse.Namespace) -> Iterator[str]:
    yield _section(Path(arguments.result), "", arguments.strict)
    if arguments.ab and os.path.lexists(arguments.ab):
        yield _section(Path(arguments.ab), "A/B", arguments.strict)


def _section(path: Path, title: str, strict: bool) -> str:
    """Our own rendering of a result. What is wrong with it is not told: that text would be the artifact's."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST:
        return f"## 🚫 {title or 'performance tests'}: no result\n"
    try:
        report = load_report(path)
    except ReportError:
        return f"## 🚫 {title or 'performance tests'}: a damaged result\n"
    return SummaryReport(strict=strict, limit=COMMENT_BYTES // 2, title=title).render(report)


def _where(event: Mapping[str, Any]) -> str:
    url = _run_url(event)
    return f"[All reports and the log]({url})\n" if url else ""


def pull_requests(api: Api, event: Mapping[str, Any]) -> list[int]:
    """Open ones that the event is about, by its own ``pull_request`` or by the head of its ``workflow_run``."""
    if isinstance(of_event := event.get("pull_request"), dict):
        return [int(of_event["number"])]
    run = event.get("workflow_run")
    if not isinstance(run, dict):
        raise UsageError("this event is neither a pull_request nor a workflow_run")
    head = run.get("head_repository") or {}
    owner, name = (head.get("owner") or {}).get("login", ""), head.get("full_name")
    sought = quote(f"{owner}:{run['head_branch']}", safe="")
    found = api.get(f"/pulls?state=open&per_page={_PAGE}&head={sought}")
    return [
        int(pull["number"])
        for pull in found
        if pull["head"]["sha"] == run["head_sha"] and (pull["head"].get("repo") or {}).get("full_name") == name
    ]


def _run_url(event: Mapping[str, Any]) -> str:
    run = event.get("workflow_run")
    if isinstance(run, dict):
        return str(run.get("html_url", ""))
    server, repository = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_REPOSITORY")
    number = os.environ.get("GITHUB_RUN_ID")
    return f"{server}/{repository}/actions/runs/{number}" if server and repository and number else ""


def _put(api: Api, number: int, marker: str, text: str, author: str) -> str:
    """Says what it did."""
    mine = next((one for one in _comments(api, number) if _is_ours(one, marker, author)), None)
    if mine is None:
        made = api.send("POST", f"/issues/{number}/comments", {"body": text})
        return f"commented on pull request {number}: {made.get('html_url', '')}"
    api.send("PATCH", f"/issues/comments/{int(mine['id'])}", {"body": text})
    return f"updated the comment on pull request {number}: {mine.get('html_url', '')}"


def _comments(api: Api, number: int) -> Iterator[Mapping[str, Any]]:
    for page in range(1, _PAGES + 1):
        found = api.get(f"/issues/{number}/comments?per_page={_PAGE}&page={page}")
        yield from found
        if len(found) < _PAGE:
            return


def _is_ours(one: Mapping[str, Any], marker: str, author: str) -> bool:
    """Anybody can write the marker; only what the author of the token wrote is changed."""
    return str(one.get("body", "")).startswith(marker) and (one.get("user") or {}).get("login") == author


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """GitHub's REST API for one repository."""

    url: str  # .../repos/OWNER/NAME
    token: str

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Api:
        """UsageError when the environment does not say who is asking, or for what."""
        needed = ("GITHUB_TOKEN", "GITHUB_REPOSITORY")
        if missing := [name for name in needed if not environ.get(name)]:
            raise UsageError(f"{' and '.join(missing)} must be set in the environment of this step")
        server = environ.get("GITHUB_API_URL") or "https://api.github.com"
        return cls(url=f"{server}/repos/{environ['GITHUB_REPOSITORY']}", token=environ["GITHUB_TOKEN"])

    def get(self, path: str) -> list[dict[str, Any]]:
        answer = self._ask("GET", path, None)
        if not isinstance(answer, list):
            raise ReportError(f"GitHub: GET {path}: a list was expected")
        return answer

    def send(self, method: str, path: str, content: Mapping[str, str]) -> dict[str, Any]:
        answer = self._ask(method, path, content)
        return answer if isinstance(answer, dict) else {}

    def _ask(self, method: str, path: str, content: Mapping[str, str] | None) -> Any:
        """ReportError with what GitHub said, in one line."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if content is None else json.dumps(content).encode(),
            headers={
                "Authorization": f"Bearer {self.token}",
                "Accept": "application/vnd.github+json",
                "Content-Type": "application/json",
                "X-GitHub-Api-Version": "2022-11-28",
                "User-Agent": "perfplug",
            },
        )
        try:
            with _OPENER.open(request, timeout=_TIMEOUT) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise ReportError(f"GitHub: {method} {path}: {error.code} {_message(error.read())}") from None
        except (OSError, ValueError) as error:
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            raise ReportError(f"GitHub: {method} {path}: {reason}") from None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The token is for whom it was given to, and for nobody else that they may point at."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirects)


def _message(answer: bytes) -> str:
    try:
        found = json.loads(answer)
    except ValueError:
        return "without a reason"
    return str(found.get("message", "")) if isinstance(found, dict) else ""
