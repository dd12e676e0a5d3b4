"""Runs the steps of a composite action as GitHub's runner does: its scripts, in bash, with its expressions resolved.

Steps that use other actions are handed to the test, which says what they would have done. Only as much of the
expression language is here as the action uses; a word that it does not know is an error.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_TOKEN = re.compile(r"'(?:[^']|'')*'|&&|\|\||==|!=|!|\(|\)|[A-Za-z_][\w.-]*(?:\(\))?|\s+")
_WORDS = {"&&": " and ", "||": " or ", "==": " == ", "!=": " != ", "!": " not ", "(": "(", ")": ")"}
HANG_S = 300.0

Uses = Callable[[str, Mapping[str, str]], None]


@dataclass
class Run:
    """What came of it. ``log`` is by step name; ``used`` are the other actions, with their inputs."""

    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    log: dict[str, str] = field(default_factory=dict)
    used: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""

    @property
    def green(self) -> bool:
        return not self.failed

    def annotations(self, kind: str = "error") -> list[str]:
        return [line for log in self.log.values() for line in live_lines(log) if line.startswith(f"::{kind}")]


def live_lines(log: str) -> list[str]:
    """Those in which the runner looks for commands: not between stop-commands and its token."""
    lines, token = [], None
    for line in log.splitlines():
        if token is not None:
            token = None if line == f"::{token}::" else token
        elif line.startswith("::stop-commands::"):
            token = line.removeprefix("::stop-commands::")
        else:
            lines.append(line)
    return lines


class Runner:
    """``contexts`` are those of expressions, by dotted name: {"github.run_id": "7"}."""

    def __init__(
        self, action: Path, workspace: Path, *, environment: Mapping[str, str], contexts: Mapping[str, str]
    ) -> None:
        self._action: dict[str, Any] = yaml.safe_load(action.read_text())
        self._workspace = workspace
        self._environment = environment
        self._contexts = {"github.action_path": str(action.parent), **contexts}

    def run(self, inputs: Mapping[str, str], *, uses: Uses = lambda name, given: None) -> Run:
        unknown = set(inputs) - set(self._action["inputs"])
        assert not unknown, f"no inputs of this action: {unknown}"
        given = {name: inputs.get(name, entry.get("default", "")) for name, entry in self._action["inputs"].items()}
        self._names = {**self._contexts, **{f"inputs.{name}": str(value) for name, value in given.items()}}
        run = Run()
        for step in self._action["runs"]["steps"]:
            self._step(step, run, uses)
        for name, entry in self._action["outputs"].items():
            run.outputs[name] = self._resolve(entry["value"])
        return run

    def _step(self, step: Mapping[str, Any], run: Run, uses: Uses) -> None:
        name = step["name"]
        condition = step.get("if", "${{ success() }}")
        match = _EXPRESSION.fullmatch(condition)
        assert match, f"{name}: {condition!r} is no expression"
        stands = any(word in match[1] for word in ("success()", "always()", "cancelled()", "failure()"))
        if not self._truth(match[1], run) or (run.failed and not stands):
            run.skipped.append(name)
        elif "uses" in step:
            inputs = {key: self._resolve(str(value)) for key, value in step["with"].items()}
            run.used.append((step["uses"], inputs))
            uses(step["uses"], inputs)
        else:
            self._script(step, run)

    def _script(self, step: Mapping[str, Any], run: Run) -> None:
        assert step["shell"] == "bash"
        assert "${{" not in step["run"], "an input inside a script is code of whoever gives it"
        summary, output = self._workspace.parent / "summary.md", self._workspace.parent / "output"
        for file in (summary, output):
            file.write_text("")
        environment = {
            **self._environment,
            **{key: self._resolve(str(value)) for key, value in step.get("env", {}).items()},
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(self._workspace),
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_OUTPUT": str(output),
        }
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self._workspace / self._resolve(step.get("working-directory", ".")),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=HANG_S,
        )
        run.log[step["name"]] = done.stdout
        run.summary += summary.read_text()
        for line in output.read_text().splitlines():
            key, _, value = line.partition("=")
            self._names[f"steps.{step.get('id')}.outputs.{key}"] = value
        if done.returncode:
            run.failed.append(step["name"])

    def _resolve(self, text: str) -> str:
        return _EXPRESSION.sub(lambda match: str(self._value(match[1], None)), text)

    def _truth(self, expression: str, run: Run) -> bool:
        return bool(self._value(expression, run))

    def _value(self, expression: str, run: Run | None) -> Any:
        tokens = _TOKEN.findall(expression)
        assert "".join(tokens) == expression, f"not understood: {expression!r}"
        # Made of our own words and quoted values only.
        return eval("".join(self._python(token, run) for token in tokens))

    def _python(self, token: str, run: Run | None) -> str:
        if token in _WORDS:
            return _WORDS[token]
        if token.isspace():
            return " "
        if token.startswith("'"):
            return repr(token[1:-1].replace("''", "'"))
        if token.endswith("()"):
            failed = run is not None and bool(run.failed)
            return repr({"cancelled()": False, "always()": True, "success()": not failed, "failure()": failed}[token])
        if token.startswith("steps."):
            return repr(self._names.get(token, ""))
        return repr(self._names[token])


def clean_environment(home: Path) -> dict[str, str]:
    """Of a job: what a process needs, and nothing of ours or of the machine's own CI."""
    kept = ("PATH", "LANG", "LD_LIBRARY_PATH", "LD_PRELOAD", "ASAN_OPTIONS")
    return {**{name: os.environ[name] for name in kept if name in os.environ}, "HOME": str(home)}
