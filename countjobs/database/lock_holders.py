"""Waiting for the transactions that have locked rows, without holding up those that follow."""

from __future__ import annotations

import time
from collections.abc import Collection

from django.db import connection

_POLL_SECONDS = 0.01


def wait_for_lock_holders(tables: Collection[str], seconds: float) -> bool:
    """Wait until those transactions have ended that have locked rows of these tables by now.

    Returns False if some go on after so many seconds. Only PostgreSQL has to wait: elsewhere one
    transaction writes at a time, or nothing is known about others. Raises django.db.Error.
    """
    if connection.vendor != "postgresql":
        return True
    until = time.monotonic() + seconds
    holders = _lock_holders(tables)
    while holders and time.monotonic() < until:
        time.sleep(_POLL_SECONDS)
        holders &= _lock_holders(tables)
    return not holders


def _lock_holders(tables: Collection[str]) -> set[str]:
    """Transactions that locked rows (SELECT … FOR UPDATE) of these tables.

    A statement takes this lock of the table before it looks at any row.
    https://www.postgresql.org/docs/current/view-pg-locks.html
    """
    names = [connection.ops.quote_name(table) for table in tables]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT virtualtransaction FROM pg_locks WHERE granted AND mode = 'RowShareLock'"
            " AND pid <> pg_backend_pid() AND relation = ANY (CAST(%s AS regclass[]))"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [names],
        )
        return {holder for (holder,) in cursor.fetchall()}
