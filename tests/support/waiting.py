"""Waiting on conditions: real processes and threads take the time they take."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(
    condition: Callable[[], object],
    seconds: float = 60,
    what: str | Callable[[], str] = "",
    *,
    every: float = 0.02,
) -> None:
    """Return as soon as a condition holds; fail where it doesn't within so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            explained = what if isinstance(what, str) else what()
            raise AssertionError(f"waited {seconds} s in vain {explained}")
        time.sleep(every)
