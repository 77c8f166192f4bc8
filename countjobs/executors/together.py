"""Several executors as one, for the loop and the job store, which ask how much goes on."""

from __future__ import annotations

import time
from collections import Counter

from countjobs.executors.threads import ThreadPoolExecutor


class Executors:
    """The executors of one scheduler.

    Args:
        first: The one whose room bounds the claims of all of them.
        others: The others.
    """

    def __init__(self, first: ThreadPoolExecutor, *others: ThreadPoolExecutor) -> None:
        self._first = first
        self._all = (first, *others)

    @property
    def free(self) -> int:
        """How many more jobs may be claimed."""
        return self._first.free

    def busy(self) -> Counter[str]:
        """How many runs of each job are going on here, or are about to."""
        return sum((each.busy() for each in self._all), Counter())

    def in_flight(self) -> set[int]:
        """The executions that were handed in, and whose outcomes are not reported yet."""
        return set().union(*(each.in_flight() for each in self._all))

    def is_own_thread(self) -> bool:
        """Whether the caller is in a thread that carries out runs."""
        return any(each.is_own_thread() for each in self._all)

    def begin_nothing_more(self) -> None:
        """Let runs end that have begun, and forget those that wait."""
        for each in self._all:
            each.begin_nothing_more()

    def wait_until_idle(self, timeout: float) -> bool:
        """Whether every run has ended, waiting for that at most so many seconds."""
        deadline = time.monotonic() + timeout
        return all(each.wait_until_idle(max(deadline - time.monotonic(), 0)) for each in self._all)

    @property
    def outage_reason(self) -> str:
        """Why runs can't be marked at present; empty while all is well."""
        return next((each.outage.reason for each in self._all if each.outage.reason), "")
