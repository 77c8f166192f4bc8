"""Telling schedulers that something changed, so that an edit takes effect at once.

PostgreSQL carries the word with NOTIFY, which it delivers when the transaction commits. SQLite
needs none: a scheduler sees there that the file changed. What hears is in `countjobs.schedulers`.
"""

from __future__ import annotations

from django.db import connection

CHANNEL = "countjobs"


def notify() -> None:
    """Wake every scheduler once the current transaction is committed."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])
