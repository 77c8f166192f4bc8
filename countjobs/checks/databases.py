"""Checks of the database: whether it is one that the app supports, and how it is set up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from countjobs.checks.database_setup import routing_errors, routing_warnings, set_up_errors
from countjobs.conf import Conf
from countjobs.database.wakeups import can_listen


@register("countjobs")
def check_routers(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Check that no router splits the app's rows between databases."""
    return [*routing_errors(), *routing_warnings()]


@register(Tags.database)
def check_databases(databases: Iterable[str] | None, **kwargs: Any) -> list[CheckMessage]:
    """Check that the app supports the database, and that its writers wait for each other."""
    if "default" not in (databases or ()):
        return []
    connection = connections["default"]
    return [*_of_database(connection), *_of_set_up(connection), *_of_sqlite(connection)]


def _of_database(connection: BaseDatabaseWrapper) -> Iterator[CheckMessage]:
    if connection.vendor not in {"postgresql", "sqlite"}:
        yield Error(
            f"countjobs runs on PostgreSQL and SQLite, not on {connection.vendor}.",
            hint="Point DATABASES['default'] at one of them.",
            id="countjobs.E003",
        )
    elif not connection.features.can_return_columns_from_insert:
        yield Error(
            "countjobs needs SQLite 3.35 or newer: older ones have no RETURNING.",
            hint="Install a newer SQLite library, or use PostgreSQL.",
            id="countjobs.E004",
        )


def _of_set_up(connection: BaseDatabaseWrapper) -> Iterator[CheckMessage]:
    with suppress(ImproperlyConfigured):  # another check reports that
        yield from set_up_errors(connection, Conf.load().threads)
    if connection.vendor == "postgresql" and not can_listen(connection):
        yield Warning(
            "This driver can't wait for notifications (NOTIFY), so schedulers look for changes once"
            " a second.",
            hint="Install psycopg 3 in place of psycopg2: pip install 'psycopg[binary]'.",
            id="countjobs.W011",
        )


def _of_sqlite(connection: BaseDatabaseWrapper) -> Iterator[CheckMessage]:
    if connection.vendor != "sqlite":
        return
    options = connection.settings_dict.get("OPTIONS", {})
    if options.get("transaction_mode") != "IMMEDIATE":
        yield Warning(
            "SQLite's transactions are not IMMEDIATE: expect “database is locked” errors.",
            hint="Set OPTIONS['transaction_mode'] = 'IMMEDIATE'.",
            id="countjobs.W001",
        )
    if (mode := _asked(connection, "journal_mode")) not in {None, "wal", "memory"}:
        begin = str(options.get("init_command") or "").strip().rstrip(";")
        command = f"{begin}; PRAGMA journal_mode=WAL;".removeprefix("; ")
        yield Warning(
            f"SQLite's journal mode is {mode}: readers wait for writers, and writers for readers.",
            hint=f'Add to OPTIONS: "init_command": "{command}"',
            id="countjobs.W012",
        )
    if _asked(connection, "busy_timeout") == 0:
        yield Warning(
            "SQLite has no busy timeout: expect “database is locked” errors.",
            hint='Add to OPTIONS: "timeout": 20',
            id="countjobs.W013",
        )


def _asked(connection: BaseDatabaseWrapper, pragma: str) -> Any:
    """The value of a PRAGMA; None if the database refuses, which other code will report."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA {pragma}")
            return cursor.fetchone()[0]
    except DatabaseError:
        return None
