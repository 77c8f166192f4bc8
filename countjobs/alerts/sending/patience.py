"""A bounded wait for what can't be stopped from outside, such as another package's sender."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connections

from countjobs.alerts.sending.errors import CannotSend


def in_time(
    work: Callable[[], None],
    *,
    seconds: float,
    room: threading.BoundedSemaphore,
    what: str,
    late: str,
) -> None:
    """Do the work in a thread. If it takes longer than so many seconds, the thread goes on alone.

    `room` has a place for each thread, so that few of them hang. `what` names the thread, and
    `late` says that it is late. Raises CannotSend for that, and what the work raises.
    """
    if not room.acquire(blocking=False):
        raise CannotSend("Earlier messages still hang.")
    done = threading.Event()
    errors: list[Exception] = []

    def run() -> None:
        try:
            work()
        except Exception as error:  # the caller's
            errors.append(error)
        finally:
            connections.close_all()
            room.release()
            done.set()

    threading.Thread(target=run, name=what, daemon=True).start()
    if not done.wait(seconds):
        raise CannotSend(late)
    if errors:
        raise errors[0]
