"""Noticing that the wall clock was set back, by comparing it with the monotonic clock."""

from __future__ import annotations

import time

SLACK_SECONDS = 60
"""Smaller steps back are ignored."""


class WallClock:
    """Watches the wall clock of this machine."""

    def __init__(self) -> None:
        self.accept()

    @property
    def was_set_back(self) -> bool:
        """Whether it was set back by more than a minute since the last `accept`."""
        return self._lead() < self._accepted - SLACK_SECONDS

    def accept(self) -> None:
        """Take the present time as right. It may then drift, or be set forward."""
        self._accepted = self._lead()

    def _lead(self) -> float:
        return time.time() - time.monotonic()
