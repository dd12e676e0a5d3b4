"""The comment under a pull request: under the right one, once, and of nothing but inert text. Against a real server."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from live_harness import Server, run_python

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "unit"))
import builders

from perfplug.report import Case
from perfplug.report.json_report import JsonReport
from perfplug.sla import Verdict

SHA = "a" * 40
STRANGER = {"login": "mallory"}


def pull(number: int, *, owner: str = "fork", ref: str = "faster", sha: str = SHA) -> dict[str, Any]:
    return {"number": number, "owner": owner, "head": {"ref": ref, "sha": sha, "repo": {"full_name": f"{owner}/shop"}}}


def run_event(**changes: Any) -> dict[str, Any]:
    """As GitHub sends it for a fork: its list of pull requests is empty."""
    head = {"full_name": "fork/shop", "owner": {"login": "fork"}}
    run = {
        "head_branch": "faster",
        "head_sha": SHA,
        "head_repository": head,
        "pull_requests": [],
        "html_url": "https://github.example/run/7",
    }
    return {"workflow_run": {**run, **changes}}


class Desk:
    """Runs ``perfplug github comment`` with an event, against a repository."""

    def __init__(self, folder: Path, serve: Callable[..., Server]) -> None:
        self.folder = folder
        self.state = folder / "state.json"
        self.result = folder / "result.json"
        self.keep(pulls=[pull(12)], comments=[])
        self.write(builders.case())
        self.server = serve("--state", str(self.state), program="github_api.py")

    def keep(self, **state: Any) -> None:
        self.state.write_text(json.dumps(state))

    def write(self, *cases: Case) -> None:
        self.result.write_text(JsonReport().render(builders.report(*cases)))

    def comment(self, event: object, *words: str, token: str = "the-token") -> tuple[int, str]:
        (self.folder / "event.json").write_text(json.dumps(event))
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")},
            "GITHUB_EVENT_PATH": str(self.folder / "event.json"),
            "GITHUB_API_URL": self.server.url("").rstrip("/"),
            "GITHUB_REPOSITORY": "own/shop",
            "GITHUB_TOKEN": token,
        }
        done = run_python("-m", "perfplug", "github", "comment", str(self.result), *words, env=environment)
        return done.returncode, done.stdout + done.stderr

    @property
    def comments(self) -> list[tuple[int, str]]:
        return [(one["number"], one["body"]) for one in json.loads(self.state.read_text())["comments"]]


@pytest.fixture
def desk(tmp_path: Path, serve: Callable[..., Server]) -> Desk:
    return Desk(tmp_path, serve)


def test_the_comment_is_written_once_and_then_changed_in_place(desk: Desk) -> None:
    others = [{"id": n, "number": 12, "user": STRANGER, "body": f"chat {n}"} for n in range(1, 131)]
    desk.keep(pulls=[pull(12)], comments=others)
    assert desk.comment(run_event())[0] == 0
    desk.write(builders.case(builders.judged(verdict=Verdict.FAIL)))
    code, said = desk.comment(run_event())
    assert (code, "updated the comment on pull request 12" in said) == (0, True)
    [(number, body)] = [one for one in desk.comments if not one[1].startswith("chat")]
    assert number == 12
    assert body.startswith("<!-- perfplug: perfplug -->\n## ❌ FAIL: the limit does not hold\n")
    assert body.endswith("[All reports and the log](https://github.example/run/7)\n")


def test_each_name_has_a_comment_of_its_own(desk: Desk) -> None:
    desk.comment(run_event(), "--name", "api")
    desk.comment(run_event(), "--name", "web")
    desk.comment(run_event(), "--name", "api")
    assert [body.splitlines()[0] for _, body in desk.comments] == ["<!-- perfplug: api -->", "<!-- perfplug: web -->"]


def test_a_strangers_comment_with_our_marker_is_left_alone(desk: Desk) -> None:
    bait = {"id": 1, "number": 12, "user": STRANGER, "body": "<!-- perfplug: perfplug -->\nmine"}
    desk.keep(pulls=[pull(12)], comments=[bait])
    desk.comment(run_event())
    assert [body.endswith("mine") for _, body in desk.comments] == [True, False]


def test_the_pull_request_is_the_one_whose_head_ran(desk: Desk) -> None:
    desk.keep(pulls=[pull(3, sha="b" * 40), pull(4, owner="other"), pull(12)], comments=[])
    desk.comment(run_event())
    assert [number for number, _ in desk.comments] == [12]


def test_a_head_that_has_moved_on_gets_no_comment(desk: Desk) -> None:
    desk.keep(pulls=[pull(12, sha="b" * 40)], comments=[])
    code, said = desk.comment(run_event())
    assert (code, desk.comments) == (0, [])
    assert "no open pull request has this head any more" in said


def test_nothing_in_the_artifact_says_where_to_comment(desk: Desk) -> None:
    document = json.loads(desk.result.read_text())
    for key in ("number", "pull_request", "issue"):
        document[key] = document["environment"][key] = 99
    desk.result.write_text(json.dumps(document))
    desk.comment(run_event())
    assert [number for number, _ in desk.comments] == [12]


def test_an_event_of_a_pull_request_names_it_itself(desk: Desk) -> None:
    assert desk.comment({"pull_request": {"number": 12}})[0] == 0
    assert [number for number, _ in desk.comments] == [12]


def test_hostile_text_in_the_artifact_is_inert(desk: Desk) -> None:
    hostile = "@team <img src=x> [l](https://e.test) --> `x` | ~~y~~"
    desk.write(builders.case(builders.judged(verdict=Verdict.FAIL, cause=hostile), test=hostile, file=hostile))
    desk.comment(run_event())
    [(_, body)] = desk.comments
    assert not any(
        word in body.replace("<!-- perfplug: perfplug -->", "") for word in ("@team", "<img", "e.test", "-->")
    )


@pytest.mark.parametrize("content", [None, "{}", '{"schema": "@team [x](http://e.test)"}', "[" * 100_000, "\x00"])
def test_a_result_that_is_missing_or_damaged_is_told_without_its_words(desk: Desk, content: str | None) -> None:
    desk.result.unlink()
    if content is not None:
        desk.result.write_text(content)
    assert desk.comment(run_event())[0] == 0
    [(_, body)] = desk.comments
    assert "result" in body.splitlines()[1] and body.splitlines()[1].startswith("## 🚫")
    assert "team" not in body


def test_a_link_in_the_artifact_is_not_followed(desk: Desk, tmp_path: Path) -> None:
    elsewhere = desk.result.rename(tmp_path / "elsewhere.json")
    desk.result.symlink_to(elsewhere)
    desk.comment(run_event())
    assert "no result" in desk.comments[0][1]


def test_the_result_of_the_ab_stands_below(desk: Desk, tmp_path: Path) -> None:
    ab = tmp_path / "ab.json"
    ab.write_text(desk.result.read_text())
    desk.comment(run_event(), "--ab", str(ab))
    assert "\n## ✅ A/B: PASS" in desk.comments[0][1]
    desk.comment(run_event(), "--ab", str(tmp_path / "none.json"))
    assert "A/B" not in desk.comments[0][1]


def test_what_github_refuses_is_told_in_one_line_without_the_token(desk: Desk) -> None:
    code, said = desk.comment(run_event(), token="wrong-secret")
    assert code == 5
    assert "401 Bad credentials" in said and "wrong-secret" not in said and "Traceback" not in said


def test_the_token_is_not_sent_on_to_where_a_redirect_points(desk: Desk, serve: Callable[..., Server]) -> None:
    other = serve()
    desk.keep(to=other.url("/ok"))
    code, said = desk.comment(run_event())
    assert (code, other.seen()) == (5, [])
    assert "302" in said


@pytest.mark.parametrize(
    ("event", "words", "complaint"),
    [
        ({"push": 1}, (), "neither a pull_request nor a workflow_run"),
        ([], (), "not an event"),
        (run_event(), ("--name", "a b-->"), "is not a name"),
    ],
)
def test_what_is_said_wrongly_is_named(desk: Desk, event: object, words: tuple[str, ...], complaint: str) -> None:
    code, said = desk.comment(event, *words)
    assert (code, desk.comments) == (2, [])
    assert complaint in said and "Traceback" not in said
