"""SIGTERM in a worker process: whose handler it is, and that jobs' own children don't have it.

Before the handler is called, the place where each thread is is written to a file. That works in
the middle of a function in C, too, where a handler in Python would wait for its end.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any]

_ours: list[Handler] = []
"""The handler, if this process is a worker."""
_SIGNALS = {signal.SIGTERM}
_forking = threading.local()
"""`mask`: the signals that the forking thread had blocked before."""


def handle(handler: Handler, fd: int) -> None:
    """Have SIGTERM handled, and the places of threads written to a file. For the main thread only.

    Call it before each run, because the one before may have changed it: it costs next to nothing.
    """
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    if signal.getsignal(signal.SIGTERM) is handler:
        return
    _ours[:] = [handler]
    faulthandler.unregister(signal.SIGTERM)
    signal.signal(signal.SIGTERM, handler)
    faulthandler.register(signal.SIGTERM, fd, all_threads=True, chain=True)


def _put_off() -> None:
    """Before a fork: a signal that is sent to the child at once must not meet our handler."""
    if _ours:
        _forking.mask = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)


def _hear_again() -> None:
    mask, _forking.mask = getattr(_forking, "mask", None), None
    if mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _forget() -> None:
    """In a child that a job has forked: SIGTERM ends it, as in any program."""
    if _ours:
        if signal.getsignal(signal.SIGTERM) is _ours[0]:
            faulthandler.unregister(signal.SIGTERM)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _ours.clear()
    _hear_again()


os.register_at_fork(before=_put_off, after_in_parent=_hear_again, after_in_child=_forget)
