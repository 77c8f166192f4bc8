"""The database being away from us, and we from it."""

from django.db import InterfaceError, InternalError, OperationalError, connection

AWAY = (OperationalError, InterfaceError, InternalError)
"""Errors after which the same statement may succeed later; a read-only standby's is internal."""


def let_go_after(seconds: int) -> None:
    """Have PostgreSQL end the current transaction where we fall silent in it for so long.

    Else the rows that a frozen process has locked would stay locked for as long as it is frozen.
    SQLite can't do that: there, such a process keeps all others from writing.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{seconds:d}s'")
