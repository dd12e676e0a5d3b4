"""As much of GitHub's REST API as a comment under a pull request needs. Its state is a JSON file, {"pulls": [...],
"comments": [...]}, into which it writes what it was told before it answers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import serving

TOKEN = "Bearer the-token"
LOGIN = "github-actions[bot]"


class Api:
    def __init__(self, path: Path) -> None:
        self._path = path

    def handle(self, connection: serving.Connection, request: serving.Request) -> bool:
        status, answer = self._answer(request)
        body = json.dumps(answer).encode()
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        if status.startswith("302"):
            head += f"Location: {answer['to']}\r\n"
        connection.send(head.encode() + b"\r\n" + body)
        return True

    def _answer(self, request: serving.Request) -> tuple[str, Any]:
        state = json.loads(self._path.read_text())
        if request.headers.get("authorization") != TOKEN:
            return "401 Unauthorized", {"message": "Bad credentials"}
        if "to" in state:
            return "302 Found", state
        if request.method == "GET" and request.path == "/repos/own/shop/pulls":
            wanted = request.query["head"]
            return "200 OK", [pull for pull in state["pulls"] if f"{pull['owner']}:{pull['head']['ref']}" == wanted]
        if match := re.fullmatch(r"/repos/own/shop/issues/(\d+)/comments", request.path):
            return self._comments(request, state, int(match[1]))
        if (
            match := re.fullmatch(r"/repos/own/shop/issues/comments/(\d+)", request.path)
        ) and request.method == "PATCH":
            (found,) = (one for one in state["comments"] if one["id"] == int(match[1]))
            found["body"] = json.loads(request.body)["body"]
            self._path.write_text(json.dumps(state))
            return "200 OK", found
        return "404 Not Found", {"message": "Not Found"}

    def _comments(self, request: serving.Request, state: dict[str, Any], number: int) -> tuple[str, Any]:
        these = [one for one in state["comments"] if one["number"] == number]
        if request.method == "GET":
            size, page = int(request.query["per_page"]), int(request.query["page"])
            return "200 OK", these[(page - 1) * size : page * size]
        made = {
            "id": 1 + max((one["id"] for one in state["comments"]), default=0),
            "number": number,
            "user": {"login": LOGIN},
            "body": json.loads(request.body)["body"],
        }
        state["comments"].append(made)
        self._path.write_text(json.dumps(state))
        return "201 Created", made


def main() -> None:
    parser = serving.arguments(__doc__ or "")
    parser.add_argument("--state", type=Path, required=True)
    options = parser.parse_args()
    serving.serve(options, Api(options.state).handle)


if __name__ == "__main__":
    main()
