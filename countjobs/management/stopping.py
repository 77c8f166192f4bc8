"""Signals that ask a command to end: the first one asks, a second one ends it at once.

A signal that is ignored at the start stays ignored: `nohup` does that with SIGHUP, and shells with
the SIGINT of what they start in the background. A closed terminal may send SIGHUP twice, by itself
and by the shell; so that one never is the second signal.
"""

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
        self._heard = [each for each in SIGNALS if signal.getsignal(each) != signal.SIG_IGN]
        for each in self._heard:
            signal.signal(each, self._ask)

    def ask(self) -> None:
        """Ask for an end, from any thread, as a first signal does."""
        self._asked.put(0)

    def wait(self, seconds: float) -> bool:
        """Whether an end is asked for, waiting for that at the most so long. True only once."""
        try:
            self._asked.get(timeout=seconds)
        except Empty:
            return False
        return True

    def _ask(self, signum: int, frame: FrameType | None) -> None:
        for each in self._heard:
            signal.signal(each, _heard_already if each == signal.SIGHUP else _exit_at_once)
        self._asked.put(signum)


def _heard_already(signum: int, frame: FrameType | None) -> None:
    """Nothing."""


def _exit_at_once(signum: int, frame: FrameType | None) -> None:
    os._exit(128 + signum)
