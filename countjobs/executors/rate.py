"""How fast runs have lately ended."""

from __future__ import annotations

from collections import deque

WINDOW_SECONDS = 1.0
_SLOTS = 20
_FEWEST_SLOTS = 2  # a first few events say little


class RecentRate:
    """Counts events over the last second, in slots, so that it costs the same at any rate.

    The clock is passed in: any that never goes back, in seconds.
    """

    def __init__(self) -> None:
        self._counts: deque[tuple[int, int]] = deque()

    def note(self, now: float) -> None:
        """Count an event."""
        slot = self._slot(now)
        if self._counts and self._counts[-1][0] == slot:
            slot, count = self._counts.pop()
            self._counts.append((slot, count + 1))
        else:
            self._counts.append((slot, 1))

    def per_second(self, now: float) -> float:
        """Events a second, since the first of them where that is less than a second ago."""
        oldest = self._slot(now) - _SLOTS
        while self._counts and self._counts[0][0] <= oldest:
            self._counts.popleft()
        if not self._counts:
            return 0.0
        slots = max(self._slot(now) - self._counts[0][0], _FEWEST_SLOTS)
        return sum(count for _, count in self._counts) * _SLOTS / slots / WINDOW_SECONDS

    def _slot(self, now: float) -> int:
        return int(now / WINDOW_SECONDS * _SLOTS)
