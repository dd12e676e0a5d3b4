"""The words of the command line, and what they mean for a plan."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from typing import Any, NoReturn

from perfplug import __version__
from perfplug.cli.ci_words import add_github, add_init
from perfplug.cli.prometheus import add_prometheus
from perfplug.cli.words import (
    add_baseline,
    add_compare,
    add_doctor,
    add_forms,
    add_history,
    add_keeping,
    add_report,
)
from perfplug.errors import UsageError
from perfplug.plan import Plan
from perfplug.sla import Limit, parse_limit_expression
from perfplug.spec import make_plan

_EXAMPLES = """\
examples:
  perfplug run http://localhost:8000/health --users 15 --duration 10s --sla 'p95<100ms' --sla 'error_rate<0.1%'
  perfplug run http://localhost:8000/ --rate 500/s --duration 1m --json result.json

exit codes:
  0    measured; every limit holds (a narrow pass or too few requests to decide is said, and still 0)
  1    a limit does not hold, or a metric has regressed
  2    something was said wrongly
  3    the measurement is invalid: the client spoiled it, or could not make it
  4    the target could not be reached
  5    measured, and it would have been 0, but a file could not be written
  130  interrupted; what was measured until then is shown and written
"""
_AB_EXAMPLES = """\
examples:
  perfplug ab --base http://localhost:8001 --head http://localhost:8002 /items --users 15
  perfplug ab --base-cmd 'old/serve --port {port}' --head-cmd 'new/serve --port {port}' --health /health /items
  perfplug ab --ref main --cmd 'python -m shop --port {port}' --health /health /items

{port} in a command, and PORT in its environment, is the free port that it is to listen on; {root} is the folder that it
runs in. With --ref, command and health may stand in pyproject.toml, under [tool.perfplug.ab].

exit codes:
  0    compared; nothing has regressed (what could not be decided is said, and still 0)
  1    a regression
  2    something was said wrongly
  3    a regression, or none, cannot be told: the client spoiled the measurement, or could not make it
  4    a side could not be reached
  5    compared, and it would have been 0, but a file could not be written
  6    a server died, or never became healthy
  7    no git repository, or not that reference in it
  130  interrupted; what was measured until then is shown and written
"""
_TIME = "a time such as 500ms, 10s or 2m (a bare number is seconds)"


class _Parser(argparse.ArgumentParser):
    """argparse, but an error is one line of ours instead of the whole usage."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} ({self.prog} --help says more)")


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The parsed words. UsageError for wrong ones; SystemExit(0) for --help and --version."""
    parser = _Parser(prog="perfplug", description="Performance promises as tests: the runner.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"perfplug {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser, required=True)
    run = commands.add_parser(
        "run",
        help="put a URL under load, and judge what was seen",
        description="Puts a URL under load, shows what was seen, and judges it against limits.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    run.add_argument("url", metavar="URL", help="http, https, or http+unix://%%2Fpath%%2Fof.sock/path")
    for add in (_add_length, _add_load, _add_request, _add_connection, _add_limits, _add_output, add_prometheus):
        add(run)
    add_keeping(run)
    _add_ab(commands)
    for add_words in (
        add_compare,
        add_baseline,
        add_history,
        add_report,
    ):
        add_words(commands.add_parser)
    add_doctor(commands.add_parser)
    add_github(commands.add_parser)
    add_init(commands.add_parser)
    return parser.parse_args(words)


def _add_ab(commands: argparse._SubParsersAction[_Parser]) -> None:
    ab = commands.add_parser(
        "ab",
        help="compare two versions of a service, side by side",
        description="Measures two versions of a service in interleaved pairs of blocks, and compares them.",
        epilog=_AB_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    ab.add_argument("path", metavar="PATH", nargs="?", help="what to ask both for; their own URLs when nothing is said")
    for add in (_add_sides, _add_comparison, _add_load, _add_request, _add_connection, _add_output):
        add(ab)
    # Blocks are as long as the comparison needs, and warm up by themselves.
    ab.set_defaults(duration=None, budget=None, requests=None, warmup=None, sla=[])


def _add_sides(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("sides")
    group.add_argument("--base", metavar="URL", help="where the old version runs")
    group.add_argument("--head", metavar="URL", help="where the new one does")
    group.add_argument("--base-cmd", metavar="CMD", help="a shell command that starts the old version")
    group.add_argument("--head-cmd", metavar="CMD", help="the same for the new one")
    group.add_argument("--ref", metavar="REF", help="a git branch, tag or commit: the old version, in a worktree")
    group.add_argument("--cmd", metavar="CMD", help="with --ref: starts the server, there and here")
    group.add_argument("--health", metavar="PATH", help="must answer first; else a connection is enough")
    group.add_argument("--start-timeout", metavar="S", help="how long a server may take to be healthy; 30s")


def _add_comparison(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("comparison")
    group.add_argument("--pairs", type=_whole, metavar="N", help="pairs of blocks; 30, and twice as many to confirm")
    group.add_argument("--block", type=_whole, metavar="N", help="requests in a block; 500, or 20 for each user")
    group.add_argument("--margin", metavar="SHARE", help="what is worse by less is no regression; 3%%")
    group.add_argument("--tolerance", metavar="SHARE", help="what may be worse by more has not passed; 10%%")


def limits_of(arguments: argparse.Namespace) -> tuple[Limit, ...]:
    """The limits of ``--sla``. UsageError for one that is none."""
    return tuple(parse_limit_expression(text, where="perfplug: --sla") for text in arguments.sla)


def plan_of(arguments: argparse.Namespace, limits: Sequence[Limit]) -> Plan:
    """The plan that the words describe. UsageError for one that cannot be run."""
    data, headers = _body(arguments)
    return make_plan(
        where="perfplug",
        url=arguments.url,
        allow_hosts=_allowed(arguments.allow_host),
        method=arguments.method,
        headers=headers,
        data=data,
        data_file=arguments.data_file,
        expect_status=_statuses(arguments.expect_status),
        expect_text=arguments.expect_text,
        timeout=amount_of(arguments.timeout),
        body_cap=arguments.body_cap,
        http=arguments.http,
        follow_redirects=arguments.follow_redirects,
        cookies=arguments.cookies,
        decompress=arguments.compressed,
        proxy=arguments.proxy,
        streams=arguments.streams,
        cafile=arguments.cacert,
        cert=arguments.cert,
        key=arguments.key,
        insecure=arguments.insecure,
        unix_socket=arguments.unix_socket,
        name=arguments.name,
        users=arguments.users,
        duration=amount_of(arguments.duration),
        budget=amount_of(arguments.budget),
        requests=arguments.requests,
        rate=amount_of(arguments.rate),
        arrivals=arguments.arrivals,
        warmup=amount_of(arguments.warmup),
        think=amount_of(arguments.think),
        workers=arguments.workers,
        seed=arguments.seed,
        limits=limits,
    )


def _add_length(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("length")
    length = group.add_mutually_exclusive_group()
    length.add_argument("-d", "--duration", metavar="S", help=f"how long: {_TIME}, or auto; 10s when nothing is said")
    length.add_argument("-n", "--requests", type=_whole, metavar="N", help="how many requests, instead of a duration")
    group.add_argument(
        "--budget", metavar="S", help="--duration auto ends when every limit is decided, or after this; 60s"
    )
    group.add_argument("--warmup", metavar="S", help="load before the measurement, left out of the figures")


def _add_load(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("load")
    group.add_argument("-u", "--users", type=_whole, metavar="N", help="virtual users; with --rate: most connections")
    group.add_argument("-r", "--rate", metavar="R", help="arrivals a second whatever the server does: 500/s, 30/min")
    group.add_argument("--arrivals", choices=("constant", "poisson"), help="how the arrivals of a rate are spaced")
    group.add_argument("--think", metavar="S", help="pause of a user between requests: 1s, 1s..5s, 'exp 2s'")
    group.add_argument("--workers", type=_whole, metavar="N", help="worker threads; one carries some 200,000 req/s")
    group.add_argument("--seed", type=_whole, metavar="N", help="of think times, arrivals, and the order of blocks")


def _add_request(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("request")
    group.add_argument("-X", "--method", metavar="METHOD", help="GET; with a body POST")
    group.add_argument(
        "-H", "--header", action="append", default=[], metavar="'K: V'", help="a header; may be repeated"
    )
    body = group.add_mutually_exclusive_group()
    body.add_argument("--data", metavar="TEXT", help="the body, as a form")
    body.add_argument("--json-body", metavar="JSON", help="the body, as JSON")
    body.add_argument("--data-file", metavar="F", help="the body, from a file")
    group.add_argument("--timeout", metavar="S", help="of one request, dialling included; 30s when nothing is said")
    group.add_argument("--expect-status", metavar="N,...", help="what counts as good; 200 to 399 when nothing is said")
    group.add_argument("--expect-text", metavar="TEXT", help="what the body of a good answer holds")
    group.add_argument("--body-cap", metavar="SIZE", help="the longest body that is read, such as 10MB")
    group.add_argument("--follow-redirects", action="store_true", help="to this host and to allowed ones only")
    group.add_argument("--cookies", action="store_true", help="keep the server's cookies, for each user its own")
    group.add_argument("--compressed", action="store_true", help="ask for a compressed body, and check it")
    group.add_argument("--name", metavar="NAME", help="what the reports call this load")
    group.add_argument(
        "--secret-header", action="append", default=[], metavar="NAME", help="its value appears in no output"
    )


def _add_connection(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("connection")
    group.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="HOST",
        help="a host other than this machine that may be put under load; also PERFPLUG_ALLOW_HOSTS",
    )
    group.add_argument("--http", choices=("1.1", "2", "3"), help="HTTP version; 1.1 when nothing is said")
    group.add_argument("--streams", type=_whole, default=1, metavar="N", help="HTTP/2: requests at once a connection")
    group.add_argument("--unix-socket", metavar="F", help="connect to this socket instead of the host")
    group.add_argument("--proxy", metavar="URL", help="http://host:port or socks5://host:port")
    group.add_argument("--cacert", metavar="F", help="PEM file of the authorities to trust")
    group.add_argument("--cert", metavar="F", help="PEM file of the client's certificate")
    group.add_argument("--key", metavar="F", help="PEM file of its key")
    group.add_argument("--insecure", action="store_true", help="do not check the server's certificate")


def _add_limits(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("limits")
    group.add_argument(
        "--sla", action="append", default=[], metavar="LIMIT", help="'p95<100ms', 'throughput>=500/s'; may be repeated"
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("output")
    add_forms(group)
    group.add_argument("-q", "--quiet", action="store_true", help="no progress and no table: only the verdict")


def _body(arguments: argparse.Namespace) -> tuple[str | bytes | None, list[str]]:
    """The body to send, and the headers. A JSON body is checked, then sent as it was written."""
    headers = list(arguments.header)
    if arguments.json_body is None:
        return arguments.data, headers
    try:
        json.loads(arguments.json_body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"perfplug: --json-body: this is not JSON: {error}") from None
    if not any(header.lower().startswith("content-type:") for header in headers):
        headers.append("Content-Type: application/json")
    return arguments.json_body.encode("utf-8", "surrogateescape"), headers


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no value")


def _statuses(text: str | None) -> list[int] | None:
    if text is None:
        return None
    words = text.replace(",", " ").split()
    if not words or not all(word.isdecimal() and word.isascii() for word in words):
        raise UsageError(f"perfplug: --expect-status: {text!r} is not a list of statuses: write 200 or 200,404")
    return [int(word[:9]) for word in words]


def _allowed(hosts: Sequence[str]) -> tuple[str, ...]:
    return (*hosts, *os.environ.get("PERFPLUG_ALLOW_HOSTS", "").replace(",", " ").split())


def amount_of(text: str | None) -> Any:
    """A bare number as a number (seconds, or a second), anything else as it was written."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
