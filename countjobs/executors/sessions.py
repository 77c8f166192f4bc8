"""The database connections of a run's thread: sound before a run, and unchanged after it.

They stay open from run to run. A job may change its session (`SET`, a role, a `PRAGMA`, a temporary
table), and that would affect the next job. So such a connection is closed when the run has ended.
To notice it, each statement that a job sends through Django's cursors is looked at. Runs that don't
use the database pay nothing.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

from django.core.cache import caches
from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from countjobs.run_context import current
from countjobs.text import in_one_line

logger = in_one_line(logging.getLogger(__name__))

_PLAIN = ("SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH ", "SAVEPOINT ", "RELEASE ", "ROLLBACK")
"""How most statements begin. They change no session, unless they call a function below.
"""
_FUNCTIONS = ("set_config", "advisory_lock")
_CHANGE = re.compile(
    r"""
    (?:^|;|\*/|\n)\s*
    (?:
        SET\s+(?!LOCAL\b|TRANSACTION\b|CONSTRAINTS\b)
        | (?:RESET|DISCARD|LISTEN|UNLISTEN|PREPARE|LOAD|ATTACH|DETACH)\b
        | PRAGMA\s+[\w."]+\s*[=(]
        | CREATE\s+(?:LOCAL\s+|GLOBAL\s+)?TEMP
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)


def changes_session(sql: str) -> bool:
    """Whether a statement may affect later ones on the same connection."""
    if (not sql.startswith(_PLAIN) or ";" in sql) and _CHANGE.search(sql):
        return True
    lower = sql.lower()
    return any(name in lower for name in _FUNCTIONS)


def _text(sql: Any, raw: Any) -> str:
    """The text of a statement that is bytes, or that psycopg composes."""
    if isinstance(sql, bytes):
        return sql.decode(errors="replace")
    return str(sql.as_string(raw)) if hasattr(sql, "as_string") else str(sql)


class _Look:
    """Sees each statement on one connection, as one of Django's `execute_wrappers`."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.has_seen_change = False
        connection.execute_wrappers.insert(0, self)
        self.remember(connection)

    def remember(self, connection: BaseDatabaseWrapper) -> None:
        """Note the settings of Django's connection object before a run."""
        self._wrappers = list(connection.execute_wrappers)
        self._debugs = connection.force_debug_cursor

    def __call__(
        self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any
    ) -> Any:
        text = sql if isinstance(sql, str) else _text(sql, context["connection"].connection)
        self.has_seen_change = self.has_seen_change or changes_session(text)
        return execute(sql, params, many, context)

    def put_back(self, connection: BaseDatabaseWrapper) -> None:
        """Restore them after the run, and forget the statements that Django has kept."""
        connection.execute_wrappers[:] = self._wrappers
        connection.force_debug_cursor = self._debugs
        if not self._debugs:
            connection.queries_log.clear()
        self.has_seen_change = False


def _look_at(connection: BaseDatabaseWrapper) -> _Look:
    """The look at a connection: a new one if there is none."""
    for wrapper in connection.execute_wrappers:
        if isinstance(wrapper, _Look):
            return wrapper
    return _Look(connection)


def _connected(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Look at a connection that a job opened. What the project does to each new one is no change.

    Django's signal calls this after the project's own receivers, which were connected earlier.
    """
    if current.get().run is not None:
        _look_at(connection).has_seen_change = False


@cache
def _listen() -> None:
    """Have `_connected` called from the first run on: by then every app is ready."""
    connection_created.connect(_connected, dispatch_uid=__name__)


def share_caches() -> None:
    """Make this thread's caches, so that its runs share them and their connections.

    Django keeps caches in the context, and each run has a context of its own.
    """
    with suppress(Exception):  # set up wrongly: that is for whoever uses it to find
        caches.all()


def tidy_connections() -> set[str]:
    """As before a web request: drop connections that broke while the thread was idle.

    Returns the aliases of those that are in a transaction of the caller's: `runjob` may be called
    inside one. They are left as they are.
    """
    _listen()
    callers = set()
    for connection in connections.all(initialized_only=True):
        if connection.in_atomic_block:
            callers.add(connection.alias)
        else:
            connection.close_if_unusable_or_obsolete()
            _look_at(connection).remember(connection)
    return callers


def leave_connections(callers: set[str]) -> None:
    """Roll back what the job left open (it would lock others out, on SQLite all of them), and
    close the connections whose sessions it changed.
    """
    for connection in connections.all(initialized_only=True):
        if connection.alias not in callers:
            _leave(connection)


def _leave(connection: BaseDatabaseWrapper) -> None:
    look = _look_at(connection)
    is_changed = look.has_seen_change
    look.put_back(connection)
    if connection.connection is None:
        return
    if connection.in_atomic_block or not connection.autocommit:
        logger.warning("The job left a transaction open; it is rolled back")
        connection.close()
        # Django would keep this object closed until the block is left, which nobody will do.
        del connections[connection.alias]
        return
    with suppress(DatabaseError):  # it may be broken
        connection.rollback()  # the job may have sent a BEGIN of its own
    if is_changed:
        with suppress(Exception):
            connection.connection.close()  # a pool would hand it on unchanged
        connection.close()
    else:
        connection.close_if_unusable_or_obsolete()
