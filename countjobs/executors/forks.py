"""Children that a job forks: nothing of ours goes on in them.

A forked child has a copy of everything but the threads. It must not run what waits here, report how
the run went, or use the parent's database connections. So a child that comes back from its job
ends, and the connections that it inherits are cut off.
"""

from __future__ import annotations

import gc
import os
import sys
import traceback
from contextlib import suppress
from typing import Any, NoReturn

from django.db import NotSupportedError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from countjobs.run_context import GOING

_kept: list[Any] = []
"""Connections of the parent's: SQLite must not even close them here."""


class Process:
    """Which process this is."""

    generation = 0
    """How many forks lie between it and the first one. Reading this costs nothing; asking for
    the process id is a system call."""


class NoChildReturns:
    """A `with` block. A child that is forked inside it ends where the block ends."""

    __slots__ = ("_generation",)

    def __enter__(self) -> None:
        self._generation = Process.generation

    def __exit__(self, kind: object, error: BaseException | None, tb: object) -> None:
        if Process.generation != self._generation:
            leave(error)


def leave(error: BaseException | None = None) -> NoReturn:
    """End this process, a child that came back from its job, as Python would end it.

    The status is that of `SystemExit`, or 1 after another error, which is shown on stderr. No
    `atexit` functions are called: they are the parent's.
    """
    status = 1
    try:
        status = _status_after(error)
    finally:
        for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
            if stream is not None:
                with suppress(Exception):  # the terminal is gone
                    stream.flush()
        os._exit(status)


def _status_after(error: BaseException | None) -> int:
    if error is None:
        return 0
    if isinstance(error, SystemExit):
        if error.code is None or isinstance(error.code, int):
            return (error.code or 0) & 0xFF
        print(error.code, file=sys.__stderr__)
        return 1
    # The process's own stream: the thread that batches what jobs print is not here.
    traceback.print_exception(error, file=sys.__stderr__)
    return 1


def _after_fork() -> None:
    """In a child: if runs are going on, cut off the parent's connections."""
    Process.generation += 1
    if not GOING:
        return
    # Connections of the parent's threads are garbage here, and must not be closed when collected.
    gc.freeze()
    for connection in connections.all(initialized_only=True):
        if connection.connection is not None:
            _abandon(connection)
        if pools := getattr(connection, "_connection_pools", None):
            _kept.append(dict(pools))
            pools.clear()
    for alias in connections:
        with suppress(Exception):  # set up wrongly: that is for whoever uses it to find
            if connections[alias].vendor == "sqlite":
                type(connections[alias]).get_new_connection = _refuse  # type: ignore[assignment,method-assign]


def _refuse(connection: BaseDatabaseWrapper, params: dict[str, Any]) -> NoReturn:
    """Raise, rather than wait for ever: the fork has also copied locks that other threads held.

    https://www.sqlite.org/howtocorrupt.html#_carrying_an_open_database_file_across_a_fork_
    """
    raise NotSupportedError(
        "SQLite can't be used in a forked process. Start a new one instead, with subprocess or "
        "multiprocessing.get_context('spawn')."
    )


def _abandon(connection: BaseDatabaseWrapper) -> None:
    """Have Django open a new connection in this process, without telling the server."""
    raw = connection.connection
    _kept.append(raw)
    if hasattr(raw, "fileno"):
        # Whatever is still sent on it, even a goodbye, goes nowhere.
        nowhere = os.open(os.devnull, os.O_RDWR)
        with suppress(Exception):  # it is closed
            os.dup2(nowhere, raw.fileno(), inheritable=False)
        os.close(nowhere)
    connection.connection = None
    connection.run_on_commit = []
    if connection.in_atomic_block:
        # As after `close()` inside a block: Django refuses what follows in it.
        connection.closed_in_transaction = connection.needs_rollback = True


os.register_at_fork(after_in_child=_after_fork)
