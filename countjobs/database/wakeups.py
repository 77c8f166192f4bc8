"""Telling schedulers that something changed, so that an edit takes effect at once.

On PostgreSQL that is NOTIFY, which is delivered when the transaction commits. On SQLite nothing has
to be sent: schedulers see that the file has changed. `countjobs.schedulers.listeners` listens.
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
    """Whether the driver can wait for notifications: only psycopg 3 can."""
    # Without a driver this module can't be imported.
    from django.db.backends.postgresql.psycopg_any import is_psycopg3  # noqa: PLC0415

    return connection.vendor == "postgresql" and bool(is_psycopg3)
