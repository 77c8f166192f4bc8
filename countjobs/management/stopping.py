"""Signals that ask a command to end: the first one asks, a second one ends it at once."""

from __future__ import annotations

import os
import signal
from queue import Empty, SimpleQueue
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class StopSignals:
    """Hears the signals from now on. For the main thread only.

    The first one is put into a SimpleQueue and not into an Event, whose `set` would wait for ever
    where the signal interrupts the Event's own `wait` while that holds its lock.
    """

    def __init__(self) -> None:
        self._asked: SimpleQueue[int] = SimpleQueue()
        for each in SIGNALS:
            signal.signal(each, self._ask)

    def wait(self, seconds: float) -> bool:
        """Whether an end is asked for, waiting for that at most so long. True only once."""
        try:
            self._asked.get(timeout=seconds)
        except Empty:
            return False
        return True

    def _ask(self, signum: int, frame: FrameType | None) -> None:
        for each in SIGNALS:
            signal.signal(each, _exit_at_once)
        self._asked.put(signum)


def _exit_at_once(signum: int, frame: FrameType | None) -> None:
    os._exit(128 + signum)
