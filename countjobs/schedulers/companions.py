"""What other apps run beside a scheduler, such as the sender of alerts.

An app registers how to make it, in its `ready`. Each scheduler makes one of each, starts it before
its loop, and stops it when it has drained, after the last outcome was recorded.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from countjobs.text import in_one_line

if TYPE_CHECKING:
    from countjobs.schedulers.loop import DatabaseScheduler

logger = in_one_line(logging.getLogger(__name__))


class Companion(Protocol):
    """Something that lives as long as a scheduler, in threads of its own."""

    def start(self) -> None:
        """Begin. It must not wait for anything."""

    def stop(self, timeout: float) -> None:
        """End, within so many seconds."""


Maker = Callable[["DatabaseScheduler"], Companion]
_makers: list[Maker] = []


def register(make: Maker) -> None:
    """Have each scheduler make one of these. Calling it twice with the same function is no harm."""
    if make not in _makers:
        _makers.append(make)


class Companions:
    """Those of one scheduler. What fails is logged, and doesn't stop the scheduler."""

    def __init__(self, scheduler: DatabaseScheduler) -> None:
        self._scheduler = scheduler
        self._started: list[Companion] = []

    def start(self) -> None:
        """Make and start them."""
        for make in _makers:
            try:
                companion = make(self._scheduler)
                companion.start()
            except Exception:
                logger.exception("What should run beside the scheduler can't start.")
            else:
                self._started.append(companion)

    def stop(self, timeout: float) -> None:
        """Stop them, each within so many seconds."""
        while self._started:
            try:
                self._started.pop().stop(timeout)
            except Exception:
                logger.exception("What runs beside the scheduler can't stop.")
