"""How many runs have lately finished per second, without the time in which none was running."""

from __future__ import annotations

from collections import deque

WINDOW_SECONDS = 1.0
_SLOTS = 20
_LEAST_SECONDS = 0.1
"""The shortest time to judge by: a first few events say little."""


class RecentRate:
    """How fast events came over the last second, leaving out the time in which none could come.

    It counts in slots, so it costs the same at any rate. `now` is passed in, in seconds, from any
    clock that never goes back.
    """

    def __init__(self) -> None:
        self._slots: deque[tuple[int, int, float]] = deque()
        """Each slot's number, its events, and the seconds that they took."""
        self._count, self._took = 0, 0.0
        """The sums over all slots, which each run that ends needs."""
        self._since: float | None = None
        """When the wait for the next event began."""

    def begin(self, now: float) -> None:
        """There may be events from now on."""
        if self._since is None:
            self._since = now

    def rest(self) -> None:
        """There will be none until the next `begin`."""
        self._since = None

    def note(self, now: float) -> None:
        """Count an event."""
        slot, count, took = self._slot(now), 1, self._waited(now)
        self._count, self._took = self._count + count, self._took + took
        if self._slots and self._slots[-1][0] == slot:
            _, before, took_before = self._slots.pop()
            count, took = count + before, took + took_before
        self._slots.append((slot, count, took))
        self._since = now

    def per_second(self, now: float) -> float:
        """Events per second of the time in which any could come."""
        oldest = self._slot(now) - _SLOTS
        while self._slots and self._slots[0][0] <= oldest:
            _, count, took = self._slots.popleft()
            self._count, self._took = self._count - count, self._took - took
        return self._count / max(self._took + self._waited(now), _LEAST_SECONDS)

    def _slot(self, now: float) -> int:
        return int(now / WINDOW_SECONDS * _SLOTS)

    def _waited(self, now: float) -> float:
        return 0.0 if self._since is None else now - self._since
