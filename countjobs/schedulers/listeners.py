"""Hearing that something changed, and waking the scheduler's loop.

PostgreSQL says so (NOTIFY). On SQLite the file's `data_version` is read, ten times a second: a
number in memory, no query. https://www.sqlite.org/pragma.html#pragma_data_version
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from django.db import connection

from countjobs.jobstores.wakeups import CHANNEL

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.1
RETRY_SECONDS = 1.0


class ChangeListener(threading.Thread):
    """Calls `wake` after each change, from a thread and a connection of its own."""

    def __init__(self, wake: Callable[[], None]) -> None:
        super().__init__(name="countjobs-listener", daemon=True)
        self._wake = wake
        self._stopping = threading.Event()

    def stop(self, timeout: float) -> None:
        """End the thread."""
        self._stopping.set()
        self.join(timeout)

    def run(self) -> None:
        """Listen until stopped, through broken connections too."""
        listen = {"postgresql": self._hear_notifications, "sqlite": self._watch_file}
        while not self._stopping.is_set():
            try:
                listen[connection.vendor]()
            except Exception as error:
                logger.warning("Can't listen for changes, trying again: %s", error)
                self._stopping.wait(RETRY_SECONDS)
            finally:
                connection.close()
            self._wake()  # something may have changed while nobody listened

    def _hear_notifications(self) -> None:
        connection.ensure_connection()
        raw = connection.connection
        raw.execute(f"LISTEN {CHANNEL}")
        self._wake()
        while not self._stopping.is_set():
            for _ in raw.notifies(timeout=POLL_SECONDS, stop_after=1):
                self._wake()

    def _watch_file(self) -> None:
        seen = None
        with connection.cursor() as cursor:
            while not self._stopping.wait(POLL_SECONDS):
                (version,) = cursor.execute("PRAGMA data_version").fetchone()
                if version != seen:
                    seen = version
                    self._wake()
