"""Issue 8, lines 14, 16, 17 and 50: what is said of a database's set-up, by stable ids."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from pytest_django import Settings

from countjobs.checks import databases
from countjobs.checks.database_setup import connections_needed
from countjobs.schedulers import create_scheduler

pytestmark = pytest.mark.django_db

ZONES = {"Asia/Tokyo": [], "UTC": [], "Europe/Berlin": ["countjobs.E011"]}


def _found(**options: Any) -> list[checks.CheckMessage]:
    options = {"databases": ["default"], **options}
    messages = checks.run_checks(tags=["database"], **options)
    assert all(message.hint for message in messages), "a hint says what to do"
    return [message for message in messages if str(message.id).startswith("countjobs.")]


def _ids(**options: Any) -> list[str | None]:
    return [message.id for message in _found(**options)]


@pytest.fixture
def options(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """OPTIONS of the database, to be changed."""
    options = {**connection.settings_dict.get("OPTIONS", {})}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    return options


@pytest.fixture
def postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said of PostgreSQL can be asked of any connection."""
    monkeypatch.setattr(connection, "vendor", "postgresql")


needs_sqlite = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="Only SQLite has journal modes and busy timeouts."
)


def answering(answer: object, to: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have SQLite say this of one of its settings."""
    ask = databases._asked

    def asked(connection: BaseDatabaseWrapper, pragma: str) -> Any:
        return answer if pragma == to else ask(connection, pragma)

    monkeypatch.setattr(databases, "_asked", asked)


def test_a_database_that_is_not_supported_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "vendor", "oracle")
    assert _ids() == ["countjobs.E003"]


def test_a_database_without_returning_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection.features, "can_return_columns_from_insert", False)
    assert _ids() == ["countjobs.E004"]


def test_sqlite_without_immediate_transactions_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "vendor", "sqlite")
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", {})
    assert _ids() == ["countjobs.W001"]


def test_other_databases_are_none_of_the_app_s_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "vendor", "oracle")
    assert _ids(databases=[]) == []


@pytest.mark.parametrize(
    ("pool", "threads", "ids"),
    [
        (True, 10, ["countjobs.E010"]),
        ({}, 10, []),
        ({"min_size": 5}, 1, ["countjobs.E010"]),
        ({"max_size": 18}, 10, ["countjobs.E010"]),
        ({"max_size": 19}, 10, []),
        ({"min_size": 2, "max_size": 10}, 1, []),
        (False, 10, []),
        (None, 10, []),
    ],
)
@pytest.mark.usefixtures("postgresql")
def test_a_pool_that_is_too_small_is_found(
    pool: object, threads: int, ids: list[str], options: dict[str, Any], settings: Settings
) -> None:
    options["pool"] = pool
    settings.COUNTJOBS = {"THREADS": threads}
    assert _ids() == ids


@pytest.mark.usefixtures("postgresql")
def test_a_scheduler_is_not_built_on_a_pool_that_is_too_small(options: dict[str, Any]) -> None:
    options["pool"] = True
    with pytest.raises(ImproperlyConfigured, match=r"room for 4 connections.* needs 12\."):
        create_scheduler(threads=3)
    options["pool"] = {"max_size": connections_needed(4)}
    create_scheduler(threads=4)


@pytest.mark.usefixtures("postgresql")
def test_the_command_refuses_in_the_same_words(options: dict[str, Any]) -> None:
    options["pool"] = {"max_size": 5}
    [error] = _found()
    with pytest.raises(CommandError) as refused:
        call_command("runscheduler", skip_checks=True)
    assert str(refused.value) == f"{error.msg} {error.hint}"
    with pytest.raises(CommandError, match="E010"):
        call_command("runscheduler", skip_checks=False)


@needs_sqlite
@pytest.mark.parametrize("zone", ZONES)
def test_a_zone_whose_clocks_change_is_found(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "TIME_ZONE", zone)
    monkeypatch.setitem(vars(connections["default"]), "timezone", ZoneInfo(zone))
    assert _ids() == ZONES[zone]


@pytest.mark.usefixtures("postgresql")
def test_a_driver_that_can_not_listen_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    psycopg_any = pytest.importorskip("django.db.backends.postgresql.psycopg_any")
    assert _ids() == []
    monkeypatch.setattr(psycopg_any, "is_psycopg3", False)
    assert _ids() == ["countjobs.W011"]


@needs_sqlite
@pytest.mark.parametrize(
    ("init_command", "line"),
    [
        ("PRAGMA busy_timeout=5000;", "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL;"),
        ("PRAGMA foreign_keys=ON", "PRAGMA foreign_keys=ON; PRAGMA journal_mode=WAL;"),
        (None, "PRAGMA journal_mode=WAL;"),
    ],
)
def test_a_journal_mode_other_than_wal_is_told_of_with_the_line_to_add(
    init_command: str | None, line: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    options["init_command"] = init_command
    answering("delete", "journal_mode", monkeypatch)
    [warning] = _found()
    assert warning.id == "countjobs.W012"
    assert "SQLite's journal mode is delete" in warning.msg
    assert warning.hint == f'Add to OPTIONS: "init_command": "{line}"'


@needs_sqlite
def test_no_busy_timeout_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(0, "busy_timeout", monkeypatch)
    assert _ids() == ["countjobs.W013"]


@needs_sqlite
def test_a_database_in_memory_has_no_journal_to_speak_of(monkeypatch: pytest.MonkeyPatch) -> None:
    answering("memory", "journal_mode", monkeypatch)
    assert _ids() == []


@needs_sqlite
def test_a_database_that_can_not_be_asked_is_others_matter() -> None:
    def refuse(*args: object) -> None:
        raise DatabaseError("away")

    with connection.execute_wrapper(refuse):
        assert _ids() == []
