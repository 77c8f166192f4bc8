"""Telling schedulers that something changed, so that an edit takes effect at once.

PostgreSQL carries the word with NOTIFY, which it delivers when the transaction commits. SQLite
needs none: a scheduler sees there that the file changed. What hears is in `countjobs.schedulers`.
"""

from __future__ import annotations

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

CHANNEL = "countjobs"


def notify() -> None:
    """Wake every scheduler once the current transaction is committed."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])


def can_listen(connection: BaseDatabaseWrapper) -> bool:
    """Whether the driver tells of notifications as psycopg 3 does."""
    # Without a driver there is no such module.
    from django.db.backends.postgresql.psycopg_any import is_psycopg3  # noqa: PLC0415

    return connection.vendor == "postgresql" and bool(is_psycopg3)
