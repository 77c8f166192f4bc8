"""Outages of the database: which errors mean one, and how to continue after one.

- A thread that has to go on calls `Outage.goes_on` where something failed, and tries again later.
- Where a connection that broke may be all that is wrong, `try_twice` tries again at once.
- `AWAY` has the errors that mean the database is at fault, not the statement or its values.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from django.db import Error, InterfaceError, InternalError, OperationalError, connection

from countjobs.lasting import quietly
from countjobs.text import describe

T = TypeVar("T")

TELL_SECONDS = 60.0
"""How often a failure that lasts is logged."""

AWAY = (OperationalError, InterfaceError, InternalError)
"""Errors after which the same statement may succeed later. A read-only standby's is internal.
"""


def try_twice(step: Callable[[], T]) -> T:
    """Do a step. If the database seems to be away, do it once more on a new connection.

    If it still is, that connection is closed too, and the error raised.
    """
    try:
        return step()
    except AWAY:
        connection.close()
    try:
        return step()
    except AWAY:
        connection.close()
        raise


def let_go_after(seconds: int) -> None:
    """Have PostgreSQL end the current transaction if we send nothing for so many seconds.

    Otherwise a frozen process would keep its rows locked for as long as it is frozen. SQLite has no
    such timeout: there a frozen process keeps all others from writing.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{seconds:d}s'")


class Outage:
    """Something that keeps failing until it works again.

    It is logged when it begins, and once a minute while it lasts, but not at every try.
    """

    def __init__(self) -> None:
        self.reason = ""
        """Why the last try failed; empty if it worked."""
        self._told_at: float | None = None

    def goes_on(
        self, logger: logging.Logger, error: Exception, message: str, *args: object
    ) -> None:
        """It failed: log that, and close this thread's connection, which may be what broke.

        Django refuses to close it in a transaction; there the caller has to end that first.
        """
        self.tell(logger, error, message, *args)
        if not connection.in_atomic_block:
            connection.close()

    def tell(self, logger: logging.Logger, error: Exception, message: str, *args: object) -> None:
        """It failed: log that. The connection is fine, or has been closed.

        The line of the log ends with the error. There is a traceback only if the error is not the
        database's.
        """
        self.reason = describe(error)
        now = time.monotonic()
        if self._told_at is None or now - self._told_at >= TELL_SECONDS:
            self._told_at = now
            fault = None if isinstance(error, Error) else error
            warn = partial(logger.warning, f"{message}: %s", *args, error, exc_info=fault)
            quietly(warn)

    def is_over(self) -> None:
        """It works again."""
        self.reason = ""
        self._told_at = None
