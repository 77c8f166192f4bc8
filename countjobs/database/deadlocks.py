"""Deadlocks: of two transactions that wait for each other, PostgreSQL ends one.

Rows are locked in the order of their keys, so that none comes about between our own transactions.
What is left (another app's triggers, say) is tried once more.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connections

_DEADLOCK = "40P01"
"""PostgreSQL's code, which the standard calls `deadlock_detected`."""

P = ParamSpec("P")
T = TypeVar("T")


def again_after_deadlock(do: Callable[P, T]) -> Callable[P, T]:
    """Decorate what is a transaction of its own: where a deadlock ends it, it is done once more.

    Within another transaction that can't be done: it has been undone, too. The error is raised.
    """

    @wraps(do)
    def done(*args: P.args, **kwargs: P.kwargs) -> T:
        if any(connection.in_atomic_block for connection in connections.all(initialized_only=True)):
            return do(*args, **kwargs)
        try:
            return do(*args, **kwargs)
        except OperationalError as error:
            if not is_deadlock(error):
                raise
        return do(*args, **kwargs)

    return done


def is_deadlock(error: BaseException) -> bool:
    """Whether it is one: psycopg 3 and psycopg2 call the code by different names."""
    cause = error.__cause__
    return _DEADLOCK in (getattr(cause, "sqlstate", None), getattr(cause, "pgcode", None))
