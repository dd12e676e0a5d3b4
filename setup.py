"""Builds the C core, perfplug._core. Everything else stands in pyproject.toml.

Switches, by environment variable: PERFPLUG_SANITIZE=address,undefined (or thread), PERFPLUG_COVERAGE=1 (gcov), and
PERFPLUG_WERROR=1 (warnings fail the build, as in CI).
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from setuptools import Command, Extension, setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ROOT = Path(__file__).resolve().parent

# -Wpedantic, -Wmissing-prototypes and -Wwrite-strings are for the pure library (tests/c/Makefile): a binding's slot
# tables, keyword lists and PyInit_ cannot keep them.
FLAGS = ["-std=c11", "-fvisibility=hidden", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wstrict-prototypes"]


def curl_flags() -> tuple[list[str], list[str]]:
    """How to compile and link with libcurl, as pkg-config knows it, or else curl-config."""
    asked = [
        ("pkg-config", ["pkg-config", "--cflags", "libcurl"], ["pkg-config", "--libs", "libcurl"]),
        ("curl-config", ["curl-config", "--cflags"], ["curl-config", "--libs"]),
    ]
    for tool, cflags, libs in asked:
        if shutil.which(tool) is None:
            continue
        answers = [subprocess.run(command, capture_output=True, text=True) for command in (cflags, libs)]
        if all(answer.returncode == 0 for answer in answers):
            return shlex.split(answers[0].stdout), shlex.split(answers[1].stdout)
    raise SystemExit(
        "perfplug needs libcurl's headers and pkg-config (or curl-config) to build its C core.\n"
        "On Debian and Ubuntu: apt-get install gcc pkg-config libcurl4-openssl-dev python3-dev"
    )


def core() -> Extension:
    # Python's headers as system headers: their own conversions are not ours to mend.
    compile_args, link_args = [*FLAGS, "-isystem", sysconfig.get_path("include")], []
    if os.environ.get("PERFPLUG_WERROR") == "1":
        compile_args.append("-Werror")
    if sanitize := os.environ.get("PERFPLUG_SANITIZE"):
        compile_args += [f"-fsanitize={sanitize}", "-fno-omit-frame-pointer", "-g", "-O1"]
        if "undefined" in sanitize:
            compile_args.append("-fno-sanitize-recover=undefined")
        link_args.append(f"-fsanitize={sanitize}")
    if os.environ.get("PERFPLUG_COVERAGE") == "1":
        compile_args += ["--coverage", "-g", "-O0"]
        link_args.append("--coverage")
    cflags, libs = curl_flags()
    return Extension(
        "perfplug._core",
        sources=sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("csrc/*.c")),
        depends=sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("csrc/*.h")),
        include_dirs=["csrc"],
        define_macros=[("_GNU_SOURCE", None)],
        extra_compile_args=compile_args + cflags,
        extra_link_args=link_args + libs + ["-lpthread", "-lm"],
    )


def fetch_charts() -> None:
    """The HTML report's charting library, for the package. Without a network there is a package, but no HTML report."""
    if subprocess.run([sys.executable, str(ROOT / ".ci" / "charts")]).returncode != 0:
        print("warning: this build of perfplug cannot make HTML reports", file=sys.stderr)


def with_charts(command: type[Command]) -> type[Command]:
    def run(self: Command) -> None:
        fetch_charts()
        command.run(self)

    return type(command.__name__, (command,), {"run": run})


setup(ext_modules=[core()], cmdclass={"build_py": with_charts(build_py), "sdist": with_charts(sdist)})
