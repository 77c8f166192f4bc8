"""Hearing that something changed, and waking the scheduler's loop.

PostgreSQL says so (NOTIFY). On SQLite we read the file's `data_version` a few times a second: a
number in memory, not a query. https://www.sqlite.org/pragma.html#pragma_data_version
"""

from __future__ import annotations

import logging
import selectors
import socket
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

from django.db import connection

from countjobs.database.outages import Outage
from countjobs.database.wakeups import CHANNEL, can_listen
from countjobs.lasting import go_on_until
from countjobs.text import in_one_line

logger = in_one_line(logging.getLogger(__name__))

POLL_SECONDS = 0.2
RETRY_SECONDS = 1.0
LOOK_SECONDS = 1.0
"""How often to wake the loop if nothing tells of changes."""


class ChangeListener(threading.Thread):
    """Calls `wake` after each change, from a thread and a connection of its own."""

    def __init__(self, wake: Callable[[], None]) -> None:
        super().__init__(name="countjobs-listener", daemon=True)
        self._wake = wake
        self._outage = Outage()
        self._stopping = threading.Event()
        self._bell: socket.socket | None = None
        """Sending to it ends a wait for notifications."""

    def stop(self, timeout: float) -> None:
        """End the thread."""
        self._stopping.set()
        if (bell := self._bell) is not None:
            with suppress(OSError):  # it has ended by itself meanwhile
                bell.send(b"!")
        if self.is_alive():
            self.join(timeout)

    def run(self) -> None:
        """Listen until stopped, with a new connection if one breaks."""
        go_on_until(self._stopping.is_set, self._listen_once, "The listener for changes")

    def _listen_once(self) -> None:
        try:
            with closing(connection):
                self._listen()
        except Exception as error:
            self._outage.goes_on(logger, error, "Can't listen for changes, trying again")
            self._stopping.wait(RETRY_SECONDS)
        self._wake()  # something may have changed while nobody listened

    def _listen(self) -> None:
        if connection.vendor == "sqlite":
            self._watch_file()
        elif can_listen(connection) and not _is_shared():
            self._hear_notifications()
        else:
            self._look_again()

    def _look_again(self) -> None:
        """Nothing tells of changes: wake the loop once a second."""
        while not self._stopping.wait(LOOK_SECONDS):
            self._wake()

    def _hear_notifications(self) -> None:
        connection.ensure_connection()
        raw = connection.connection
        try:
            raw.execute(f"LISTEN {CHANNEL}")
            self._outage.is_over()
            self._wake()
            self._wait_for_notifications(raw)
        finally:
            with suppress(Exception):  # a broken connection listens no more
                raw.execute(f"UNLISTEN {CHANNEL}")  # a pool gives the connection to somebody else

    def _wait_for_notifications(self, raw: Any) -> None:
        # Not the driver's own wait: it wakes ten times a second, and can't be told to stop.
        bell, rung = socket.socketpair()
        with bell, rung, selectors.DefaultSelector() as selector:
            selector.register(rung, selectors.EVENT_READ)
            selector.register(raw, selectors.EVENT_READ)
            self._bell = bell  # before looking whether to stop: `stop` does it the other way round
            while not self._stopping.is_set():
                selector.select()
                self._wake_if_notified(raw)

    def _wake_if_notified(self, raw: Any) -> None:
        """Read what has come, without waiting. Raises if the connection broke."""
        if list(raw.notifies(timeout=0)):
            self._wake()

    def _watch_file(self) -> None:
        connection.ensure_connection()
        cursor = connection.connection.cursor()  # Django's own costs more than the look itself
        seen = None
        while not self._stopping.wait(POLL_SECONDS):
            (version,) = cursor.execute("PRAGMA data_version").fetchone()
            if version != seen:
                seen = version
                self._outage.is_over()
                self._wake()


def _is_shared() -> bool:
    """Whether a pooler may give each transaction another connection to the server.

    Django has a setting for such poolers. With them, LISTEN would apply to whoever comes next.
    """
    return bool(connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"))
