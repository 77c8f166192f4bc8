"""The wall clock being set back: the monotonic clock beside it tells."""

from __future__ import annotations

import time

SLACK_SECONDS = 60
"""Schedules are not put in order for less."""


class WallClock:
    """Watches the wall clock of this machine."""

    def __init__(self) -> None:
        self.accept()

    @property
    def was_set_back(self) -> bool:
        """Whether it was, by more than a minute, since it was accepted last."""
        return self._lead() < self._accepted - SLACK_SECONDS

    def accept(self) -> None:
        """Take it as it is now. In between it may drift, and be set forward."""
        self._accepted = self._lead()

    def _lead(self) -> float:
        return time.time() - time.monotonic()
