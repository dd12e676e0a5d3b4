"""Which source of a setting wins, and what is said when it says something wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from perfplug.config import OPTIONS, Settings, resolve
from perfplug.errors import UsageError

HERE, INI_DIR = Path("/somewhere/here"), Path("/somewhere")


def settings(
    command_line: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    ini: Mapping[str, object] | None = None,
) -> Settings:
    return resolve(command_line or {}, environ or {}, ini or {}, here=HERE, ini_dir=INI_DIR)


def test_nothing_said_means_the_defaults() -> None:
    assert settings() == Settings()


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        settings().quick = True  # type: ignore[misc]


def test_the_command_line_wins_over_the_environment_and_that_over_the_ini_file() -> None:
    said = {"base_url": "http://a"}, {"PERFPLUG_BASE_URL": "http://b"}, {"perf_base_url": "http://c"}
    assert settings(*said).base_url == "http://a"
    assert settings({}, *said[1:]).base_url == "http://b"
    assert settings({}, {}, said[2]).base_url == "http://c"


def test_what_is_empty_says_nothing() -> None:
    assert settings({"allow_hosts": []}, {"PERFPLUG_ALLOW_HOSTS": ""}, {"perf_allow_hosts": ["c"]}).allow_hosts == (
        "c",
    )


def test_a_flag_of_the_ini_file_can_be_switched_off_by_the_environment() -> None:
    assert settings({}, {"PERFPLUG_QUICK": "0"}, {"perf_quick": True}).quick is False


def test_hosts_are_a_list_in_the_ini_file_and_a_comma_list_in_the_environment() -> None:
    assert settings({}, {}, {"perf_allow_hosts": ["a", "10.0.0.0/8"]}).allow_hosts == ("a", "10.0.0.0/8")
    assert settings({}, {"PERFPLUG_ALLOW_HOSTS": "a, b,"}).allow_hosts == ("a", "b")
    assert settings({"allow_hosts": ["a", "b"]}, {"PERFPLUG_ALLOW_HOSTS": "c"}).allow_hosts == ("a", "b")


def test_a_path_is_relative_to_where_it_was_written() -> None:
    assert settings({"json": "x.json"}).json == HERE / "x.json"
    assert settings({}, {"PERFPLUG_JUNIT": "x.xml"}).junit == HERE / "x.xml"
    assert settings({}, {}, {"perf_json": "out/x.json"}).json == INI_DIR / "out/x.json"
    assert settings({"json": "/tmp/x.json"}).json == Path("/tmp/x.json")


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"PERFPLUG_WORKERS": "two"}, ["two", "whole number"]),
        ({"PERFPLUG_WORKERS": "0"}, ["0", "from 1 on"]),
        ({"PERFPLUG_QUICK": "perhaps"}, ["perhaps", "1 or 0"]),
        ({"PERFPLUG_REQUIRE": "fial"}, ["fial", "'fail'"]),
        ({"PERFPLUG_BASE_URL": "localhost:8000"}, ["localhost:8000", "http://localhost:8000"]),
        ({"PERFPLUG_BASE_URL": "ftp://localhost"}, ["ftp", "https"]),
        ({"PERFPLUG_BASE_URL": "http://localhost:port"}, ["not a URL"]),
        ({"PERFPLUG_ALLOW_HOSTS": "http://a"}, ["http://a", "not a host"]),
        ({"PERFPLUG_JSON": "/"}, ["/", "folder"]),
    ],
)
def test_a_wrong_value_is_named_with_its_source_and_what_would_be_right(
    environ: dict[str, str], words: list[str]
) -> None:
    (source,) = environ
    with pytest.raises(UsageError) as caught:
        settings({}, environ)
    assert str(caught.value).startswith(f"{source}: ")
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("command_line", "ini", "source"),
    [({"workers": "-1"}, {}, "--perf-workers: -1"), ({}, {"perf_workers": "-1"}, "ini option perf_workers: -1")],
)
def test_each_source_is_called_by_its_own_name(
    command_line: dict[str, object], ini: dict[str, object], source: str
) -> None:
    with pytest.raises(UsageError, match=source):
        settings(command_line, {}, ini)


def test_a_wrong_value_that_is_outvoted_does_not_matter() -> None:
    assert settings({"workers": "2"}, {"PERFPLUG_WORKERS": "two"}).workers == 2


def test_every_setting_has_its_option() -> None:
    assert {option.name for option in OPTIONS} == set(Settings.__dataclass_fields__)
