"""Threads that work off what is handed over: as few of them as keep up.

The interpreter runs one thread at a time. Where runs are short, ten threads that are woken for one
run each spend most of their time handing the interpreter to each other. So one thread is woken, and
the others as soon as something has waited for longer than a moment: behind a long run, that is.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from queue import SimpleQueue
from typing import Generic, TypeVar

Item = TypeVar("Item")

MOMENT_SECONDS = 0.02
PATIENCE_SECONDS = 0.1
"""How long something may wait while the threads at work get on."""


class Workers(Generic[Item]):
    """Up to a number of threads, started when they are wanted.

    Args:
        most: How many items are worked on side by side.
        work: Works off an item. It must not raise.
        name: What the threads' names begin with.
    """

    def __init__(self, most: int, work: Callable[[Item], None], name: str) -> None:
        self._most = most
        self._work = work
        self._name = name
        self._items: deque[tuple[float, Item]] = deque()
        self._lock = threading.Lock()
        self._taken = 0
        self._threads = 0
        self._resting = 0
        """How many threads wait to be called, and have not been."""
        self._calls: SimpleQueue[bool] = SimpleQueue()
        self._handed_over = threading.Event()
        self._ending = False

    def hand_over(self, items: Iterable[Item]) -> None:
        """Have items worked off, in their order."""
        now = time.monotonic()
        with self._lock:
            if not self._threads:
                self._start(self._watch, "watch")
            self._items.extend((now, item) for item in items)
            self._call(1)
        self._handed_over.set()

    def end(self) -> None:
        """Let the threads end, once nothing is left; to say so twice does no harm."""
        with self._lock:
            self._ending = True
            self._call(self._resting)
        self._handed_over.set()

    def _call(self, count: int) -> None:
        """Have more threads work. The lock is held."""
        for _ in range(count):
            if self._resting:
                self._resting -= 1
                self._calls.put(True)
            elif self._threads < self._most:
                self._threads += 1
                self._start(self._work_off, str(self._threads))

    def _start(self, target: Callable[[], None], suffix: str) -> None:
        threading.Thread(target=target, name=f"{self._name}-{suffix}", daemon=True).start()

    def _work_off(self) -> None:
        """A thread's life."""
        while not self._ending or self._items:
            while (taken := self._next()) is not None:
                self._work(taken[1])
            self._calls.get()

    def _next(self) -> tuple[float, Item] | None:
        with self._lock:
            if self._items:
                self._taken += 1
                return self._items.popleft()
            # Within the lock: what is handed over from now on calls this thread.
            self._resting += 1
            if self._ending:
                self._call(1)
            return None

    def _watch(self) -> None:
        """A thread of its own calls more threads where those at work don't keep up."""
        while not self._ending:
            self._handed_over.wait()
            self._handed_over.clear()
            count = 1
            while self._items:
                taken = self._taken
                time.sleep(MOMENT_SECONDS)
                count = self._call_more(count, stuck=taken == self._taken)

    def _call_more(self, count: int, *, stuck: bool) -> int:
        """Call so many threads if none gets on, or one if it takes long. How many the next time."""
        with self._lock:
            if stuck and self._items:
                self._call(count)
                return 2 * count
            if self._items and self._items[0][0] < time.monotonic() - PATIENCE_SECONDS:
                self._call(1)
        return 1
