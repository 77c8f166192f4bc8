"""Answers that are kept for a moment: however many ask, the database is asked once a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")

SECONDS = 1.0
PATIENCE_SECONDS = 3.0
"""Probes don't wait longer. If all waited for a database that hangs, no thread would be left."""


class Kept(Generic[T]):
    """What a function returned lately. Who asks meanwhile waits for the answer of who asked first.

    Args:
        find_out: The function. What it raises isn't kept.
        late: What the others get if the first one waits for too long.
        seconds: How old an answer may be.
    """

    def __init__(
        self, find_out: Callable[[], T], late: Callable[[], T], seconds: float = SECONDS
    ) -> None:
        self._find_out = find_out
        self._late = late
        self._seconds = seconds
        self._lock = Lock()
        self._known: tuple[T, float] | None = None

    def __call__(self) -> T:
        """The answer, at most so many seconds old."""
        if not self._lock.acquire(timeout=PATIENCE_SECONDS):
            return self._late()
        try:
            if self._known is None or time.monotonic() - self._known[1] >= self._seconds:
                self._known = self._find_out(), time.monotonic()
            return self._known[0]
        finally:
            self._lock.release()

    def forget(self) -> None:
        """Ask again next time."""
        with self._lock:
            self._known = None
