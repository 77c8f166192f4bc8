"""Signals that ask a command to end: the first one asks, a second one ends it at once.

A signal that is ignored at the start stays ignored: `nohup` ignores SIGHUP, and shells ignore
SIGINT for processes in the background. When a terminal is closed, SIGHUP may come twice, from the
terminal and from the shell. So a SIGHUP never counts as the second signal.
"""

from __future__ import annotations

import os
import signal
import threading
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


_before: dict[signal.Signals, Any] = {}
"""The handlers from before. A child that a job forks gets them back."""


class StopSignals:
    """Handles the signals from now on. For the main thread only.

    A signal is put into a SimpleQueue and not into an Event. If the signal came
    while `Event.wait` holds the event's lock, `set` would wait for ever.
    """

    def __init__(self) -> None:
        self._asked: SimpleQueue[int] = SimpleQueue()
        self._heard = [each for each in SIGNALS if signal.getsignal(each) != signal.SIG_IGN]
        for each in self._heard:
            _before[each] = signal.signal(each, self._ask)

    def wait(self, seconds: float) -> bool:
        """Wait up to so long for a request to end. Returns True once per request."""
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


_forking = threading.local()
"""`mask`: the signals that the forking thread had blocked before."""


def _put_off_signals() -> None:
    """Before a fork: a signal sent to the child at once must not meet our handlers there."""
    if _before:
        _forking.mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


def _hear_again() -> None:
    mask, _forking.mask = getattr(_forking, "mask", None), None
    if mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _hear_no_more() -> None:
    """In a forked child, which nobody drains: SIGTERM ends it, as in any program."""
    while _before:
        signal.signal(*_before.popitem())
    _hear_again()


os.register_at_fork(
    before=_put_off_signals, after_in_parent=_hear_again, after_in_child=_hear_no_more
)
