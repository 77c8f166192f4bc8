"""Lets each user make one request at a time, newest first, for things that a page requests again
and again.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from threading import Condition


class NewestFirst:
    """Turns to do something, in this process: one at a time for each key.

    While one has its turn, only the newest of the others waits. The rest are told at once that they
    are too late, so that nobody holds more than two threads.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._newest: dict[Hashable, object] = {}
        self._busy: set[Hashable] = set()

    @contextmanager
    def turn(self, key: Hashable, timeout: float) -> Iterator[bool]:
        """Whether the caller may go on. Not if a newer one came, or after so many seconds."""
        own = object()
        with self._changed:
            self._newest[key] = own
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._is_decided(key, own), timeout)
            is_on = self._newest.get(key) is own and key not in self._busy
            if is_on:
                self._busy.add(key)
        try:
            yield is_on
        finally:
            with self._changed:
                if is_on:
                    self._busy.discard(key)
                if self._newest.get(key) is own:
                    del self._newest[key]
                self._changed.notify_all()

    def _is_decided(self, key: Hashable, own: object) -> bool:
        return self._newest.get(key) is not own or key not in self._busy
