"""Taking turns at writing, if the database takes one writer at a time.

SQLite makes a second writer sleep, longer after each attempt, even if the first one has long
finished. Within a process a lock is faster and fairer.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_writing = threading.Lock()


@contextmanager
def own_turn() -> Iterator[None]:
    """Write while no other thread of this process does, if the database needs that."""
    if connection.features.has_select_for_update:  # rows are locked there, not the database
        yield
        return
    if connection.in_atomic_block:  # the turn is the caller's: it has the database's lock already
        yield
        return
    with _writing:
        yield
