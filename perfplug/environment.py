"""The fingerprint of where a measurement was made: what must be alike for two results to be compared."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from perfplug import __version__

# What must be alike for times to be comparable; the rest of a fingerprint says where a result comes from.
COMPARED = ("cpu", "cores", "cpu_quota", "system", "machine", "kernel", "ci", "python", "libcurl")

# A variable that each CI system sets, and its name. The first one found wins.
_CI = {
    "GITHUB_ACTIONS": "github-actions",
    "GITLAB_CI": "gitlab-ci",
    "BUILDKITE": "buildkite",
    "CIRCLECI": "circleci",
    "JENKINS_URL": "jenkins",
    "TF_BUILD": "azure-pipelines",
    "TRAVIS": "travis",
    "CI": "unknown",
}
_BRANCHES = ("GITHUB_HEAD_REF", "GITHUB_REF_NAME", "CI_COMMIT_REF_NAME", "BUILDKITE_BRANCH", "CIRCLE_BRANCH")
_GIT_TIMEOUT = 2.0  # seconds: a fingerprint must not hold up a run


def fingerprint(
    *, libcurl: str, folder: str | os.PathLike[str] | None = None, environ: Mapping[str, str] | None = None
) -> dict[str, object]:
    """What a result was measured on. What cannot be found out is None; nothing is raised.

    `libcurl` is the version text of the C core. `folder` is where the tested project lies (default: the current one).
    ``memory`` is in bytes; ``cores`` are those this process may use; ``cpu_quota`` is how many it may keep busy, None
    when that is all of them.
    """
    variables = os.environ if environ is None else environ
    return {
        "cpu": _cpu_model(),
        "cores": _cores(),
        "cpu_quota": _cpu_quota(),
        "memory": _memory(),
        "system": platform.system(),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "libcurl": libcurl,
        "perfplug": __version__,
        "commit": _commit(folder, variables),
        "branch": _branch(folder, variables),
        "ci": _ci(variables),
    }


def _cpu_model() -> str | None:
    # x86 says "model name"; ARM kernels mostly say nothing, and the machine's kind must do.
    for line in _read("/proc/cpuinfo").splitlines():
        key, _, value = line.partition(":")
        if key.strip() in {"model name", "Model", "cpu model"} and value.strip():
            return value.strip()
    return platform.processor() or platform.machine() or None


def _cores() -> int | None:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _cpu_quota() -> float | None:
    # cgroup v2: "max 100000" or "200000 100000", in microseconds of a period.
    words = _read("/sys/fs/cgroup/cpu.max").split()
    if len(words) != 2 or not all(word.isdigit() for word in words) or int(words[1]) == 0:
        return None
    return int(words[0]) / int(words[1])


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return None


def _commit(folder: str | os.PathLike[str] | None, environ: Mapping[str, str]) -> str | None:
    found = _git(folder, "rev-parse", "--verify", "HEAD")
    return found or environ.get("GITHUB_SHA") or environ.get("CI_COMMIT_SHA") or None


def _branch(folder: str | os.PathLike[str] | None, environ: Mapping[str, str]) -> str | None:
    # CI systems check out a commit, not a branch. A pull request is known by the branch that it comes from.
    found = _git(folder, "symbolic-ref", "--quiet", "--short", "HEAD")
    return found or next((name for key in _BRANCHES if (name := environ.get(key))), None)


def _git(folder: str | os.PathLike[str] | None, *words: str) -> str | None:
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            ["git", *words],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_GIT_TIMEOUT,
            check=True,
        )
        return done.stdout.decode("utf-8", "replace").strip() or None
    return None


def _ci(environ: Mapping[str, str]) -> str | None:
    for variable, name in _CI.items():
        if environ.get(variable, "").lower() not in {"", "0", "false"}:
            image = environ.get("ImageOS") if name == "github-actions" else None
            return f"{name} {image}" if image else name
    return None


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
