"""The database being away from us, and we from it."""

from __future__ import annotations

import logging
import time

from django.db import Error, InterfaceError, InternalError, OperationalError, connection

from countjobs.text import describe

TELL_SECONDS = 60.0
"""How often a failure that lasts is logged."""

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


class Outage:
    """Something that fails again and again, until it works again.

    It is told when it begins and once a minute while it lasts, not each time that it is tried.
    """

    def __init__(self) -> None:
        self.reason = ""
        """What was wrong when it was tried last; empty while nothing is."""
        self._told_at: float | None = None

    def goes_on(
        self, logger: logging.Logger, error: Exception, message: str, *args: object
    ) -> None:
        """It failed. The line of the log ends with the error; a traceback is only of what is no
        database's.
        """
        self.reason = describe(error)
        now = time.monotonic()
        if self._told_at is None or now - self._told_at >= TELL_SECONDS:
            self._told_at = now
            fault = None if isinstance(error, Error) else error
            logger.warning(f"{message}: %s", *args, error, exc_info=fault)  # noqa: G004

    def is_over(self) -> None:
        """It works."""
        self.reason = ""
        self._told_at = None
