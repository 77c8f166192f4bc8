"""Deadlocks: when two transactions wait for each other, PostgreSQL ends one of them.

Our own transactions lock rows in the order of their keys, so they don't deadlock with each other.
Other causes remain, such as another app's triggers. Then the transaction is tried once more.
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
    """Decorate a function that is a transaction of its own: after a deadlock it runs once more.

    Inside another transaction that is impossible, because that one has been undone too. Then the
    error is raised.
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
    """Whether an error is a deadlock. psycopg 3 and psycopg2 name the code differently."""
    cause = error.__cause__
    return _DEADLOCK in (getattr(cause, "sqlstate", None), getattr(cause, "pgcode", None))
