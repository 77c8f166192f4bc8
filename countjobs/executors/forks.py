"""Children that a job forks: nothing of ours goes on in them.

A forked child has a copy of everything but the threads. It must not work off what waits here, tell
how the run went, or speak through the database connections, which are the parent's. So a child
that comes back from its job ends, and what it inherits of connections is cut off.
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
    """How many forks lie between it and the first one. To read this costs nothing, while to ask
    for the process's id is a call of the system."""


class NoChildReturns:
    """A `with` block. A child that is forked inside ends with the block, and does nothing after."""

    __slots__ = ("_generation",)

    def __enter__(self) -> None:
        self._generation = Process.generation

    def __exit__(self, kind: object, error: BaseException | None, tb: object) -> None:
        if Process.generation != self._generation:
            leave(error)


def leave(error: BaseException | None = None) -> NoReturn:
    """End this process, a child that came back from its job, as Python would end it.

    The status is that of `SystemExit`; it is 1 after another error, which is shown on stderr.
    Nobody's `atexit` functions are called: they are the parent's.
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
    # The stream that the process was given: who batches what jobs print is not here.
    traceback.print_exception(error, file=sys.__stderr__)
    return 1


def _after_fork() -> None:
    """In a child: where runs go on, leave the parent's connections alone."""
    Process.generation += 1
    if not GOING:
        return
    # Connections of threads that aren't here are garbage now, and must not be closed as such.
    gc.freeze()
    for connection in connections.all(initialized_only=True):
        if connection.connection is not None:
            _abandon(connection)
        if pools := getattr(connection, "_connection_pools", None):
            _kept.append(dict(pools))
            pools.clear()
    for alias in connections:
        with suppress(Exception):  # set up wrongly: the business of who uses it
            if connections[alias].vendor == "sqlite":
                type(connections[alias]).get_new_connection = _refuse  # type: ignore[assignment,method-assign]


def _refuse(connection: BaseDatabaseWrapper, params: dict[str, Any]) -> NoReturn:
    """Instead of a wait without end: locks that other threads held at the fork are copied, too.

    https://www.sqlite.org/howtocorrupt.html#_carrying_an_open_database_file_across_a_fork_
    """
    raise NotSupportedError(
        "SQLite can't be used in a process that was forked. Start a new one instead, with"
        " subprocess, or multiprocessing.get_context('spawn')."
    )


def _abandon(connection: BaseDatabaseWrapper) -> None:
    """Have Django connect anew in this process, without a word to the server."""
    raw = connection.connection
    _kept.append(raw)
    if hasattr(raw, "fileno"):
        # Whatever is still said on it, a goodbye too, goes nowhere.
        nowhere = os.open(os.devnull, os.O_RDWR)
        with suppress(Exception):  # it is closed
            os.dup2(nowhere, raw.fileno(), inheritable=False)
        os.close(nowhere)
    connection.connection = None
    connection.run_on_commit = []
    if connection.in_atomic_block:
        # As after `close()` inside a block: what follows in it is refused by Django.
        connection.closed_in_transaction = connection.needs_rollback = True


os.register_at_fork(after_in_child=_after_fork)
