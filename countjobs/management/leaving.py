"""Ending the process by a deadline, whatever jobs have left behind in it.

When Python ends, it waits for every thread that is not a daemon, for the pools of
`concurrent.futures`, and for the children of `multiprocessing`. A job may have started any of
these, and they may never end.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
import threading
import time
from contextlib import suppress

LOOK_SECONDS = 0.2
LEAST_SECONDS = 2.0
"""Python always has at least this long to end. Idle threads and processes end at once when
told to."""


def leave_by(deadline: float, status: int = 1) -> None:
    """When Python ends, let it wait for what is left until the deadline, and then end the process.

    The deadline is a time of the monotonic clock. If a program calls a command and goes on, nothing
    happens before the program itself ends.
    """
    threading.Thread(
        target=_wait_and_leave, args=(deadline, status), name="countjobs-leaving", daemon=True
    ).start()


def _wait_and_leave(deadline: float, status: int) -> None:
    # Joining the main thread would be too late: it counts as ended only after it has waited for
    # pools.
    while not getattr(threading, "_SHUTTING_DOWN", True):
        time.sleep(LOOK_SECONDS)
    time.sleep(max(deadline - time.monotonic(), LEAST_SECONDS))
    leave_now(
        status,
        f"Threads or processes that jobs left behind did not end in time: {_what_is_left()}.",
    )


def _what_is_left() -> str:
    threads = [
        each.name
        for each in threading.enumerate()
        if each is not threading.main_thread() and not each.daemon
    ]
    children = multiprocessing.active_children()
    names = f" ({', '.join(threads[:5])})" if threads else ""
    return f"threads: {len(threads)}{names}, processes: {len(children)}"


def leave_now(status: int, reason: str) -> None:
    """End the process, and the children that `multiprocessing` has begun, without waiting."""
    with suppress(OSError, ValueError):  # there may be no terminal any more
        sys.stderr.write(f"{reason}\n")
    with suppress(Exception):  # anybody's handlers
        logging.shutdown()
    for child in multiprocessing.active_children():
        with suppress(Exception):
            child.kill()
    os._exit(status)
