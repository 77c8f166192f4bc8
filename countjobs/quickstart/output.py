"""What quickstart says, and the end of whoever reads it: `| head`, a terminal that is closed."""

from __future__ import annotations

import os
import select
import sys
import threading
from collections.abc import Callable
from contextlib import suppress


def when_output_ends(call: Callable[[], object]) -> None:
    """Have something called, in a thread of its own, when nobody can read stdout any more.

    That never happens to a file, nor where there is no stdout.
    """
    with suppress(OSError, ValueError, AttributeError):
        descriptor = sys.stdout.fileno()
        if hasattr(select, "poll"):
            threading.Thread(
                target=_wait, args=(descriptor, call), name="end of the output", daemon=True
            ).start()


def _wait(descriptor: int, call: Callable[[], object]) -> None:
    poll = select.poll()
    poll.register(descriptor, 0)  # errors and ends are told of in any case
    found = [event for _, event in poll.poll()]
    if any(event & (select.POLLERR | select.POLLHUP) for event in found):
        call()


def give_up_output() -> None:
    """Let what is still to be said go nowhere: Python would end with an error, unable to write."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
