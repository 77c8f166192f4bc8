"""Threads that work through items: no more threads than are needed to keep up.

The interpreter runs one thread at a time. If runs only compute, ten threads spend much of their
time handing the interpreter to each other, and get less done than one. So at first one thread is
called. More are called if none makes progress, or if items keep waiting while the processor has
time to spare. While it has none, all but one rest.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from queue import SimpleQueue
from typing import Generic, TypeVar

from countjobs.executors.forks import NoChildReturns
from countjobs.lasting import go_on_until, quietly

logger = logging.getLogger(__name__)

Item = TypeVar("Item")

MOMENT_SECONDS = 0.02
"""How often to check that the threads are making progress."""
BUSY_SHARE = 0.8
"""If this process already uses more than this share of a core, more threads would only be in each
other's way.
"""


class Workers(Generic[Item]):
    """Up to a number of threads, started when they are needed.

    Args:
        most: How many items are worked on at once.
        work: Works on an item. It should not raise; if it does, that is logged.
        name: What the threads' names begin with.
        prepare: Called first in each thread. It must not raise.
        leave: Called by each thread when it ends.
        at_once: Whether each item is to have a thread at once. That is for work that goes on
            outside of this process, while the thread waits for it.
    """

    def __init__(
        self,
        most: int,
        work: Callable[[Item], None],
        name: str,
        prepare: Callable[[], object] | None = None,
        leave: Callable[[], None] = lambda: None,
        *,
        at_once: bool = False,
    ) -> None:
        self._most = most
        self._work = work
        self._leave = leave
        self._name = name
        self._prepare = prepare
        self._at_once = at_once
        self._items: deque[Item] = deque()
        self._lock = threading.Lock()
        self._taken = 0
        self._threads = 0
        self._resting = 0
        """How many threads wait to be called, and have not been."""
        self._calls: SimpleQueue[None] = SimpleQueue()
        self._one_is_enough = False
        self._seen = (0, 0.0)
        """How many items had been taken at the last look, and when that number was seen first."""
        self._handed_over = threading.Event()
        self._is_watched = False
        self._ending = False
        self._abandoned: set[int] = set()
        """The threads, by their idents, that end when their item has ended."""
        self._here = threading.local()

    def is_own_thread(self) -> bool:
        """Whether the caller is in one of the threads that work."""
        return getattr(self._here, "works", False)

    def hand_over(self, items: Iterable[Item]) -> None:
        """Have items worked on, in order."""
        with self._lock:
            if self._at_once:
                self._items.extend(items)
                self._call(len(self._items))
                return
            if not self._is_watched:
                self._is_watched = self._start(self._watch, "watch")
            is_stuck = self._is_stuck(time.monotonic())
            self._items.extend(items)
            if self._threads == self._resting or is_stuck:
                self._call(1)
        if not self._handed_over.is_set():
            self._handed_over.set()

    @property
    def waiting(self) -> int:
        """How many items nobody has started."""
        return len(self._items)

    def take_back(self, *, if_stuck: bool = True) -> list[Item]:
        """The items that nobody has started; with `if_stuck` only if no thread makes progress."""
        with self._lock:
            if if_stuck and not self._is_stuck(time.monotonic()):
                return []
            items = list(self._items)
            self._items.clear()
            return items

    def _is_stuck(self, now: float) -> bool:
        """Whether no item has been taken for a moment. The lock is held."""
        taken, since = self._seen
        if taken != self._taken:
            self._seen = self._taken, now
            return False
        return now - since > MOMENT_SECONDS

    def abandon(self, ident: int) -> None:
        """Don't count on a thread any more: another one may take its place.

        It ends when its present item has ended, if that ever happens.
        """
        with self._lock:
            self._abandoned.add(ident)
            self._threads -= 1
            if self._items:
                self._call(1)

    def end(self) -> None:
        """Let the threads end once nothing is left. Calling it twice does no harm."""
        with self._lock:
            self._ending = True
            self._call(self._resting)
        self._handed_over.set()

    def _call(self, count: int) -> None:
        """Have more threads work. The lock is held."""
        for _ in range(count):
            if self._resting:
                self._resting -= 1
                self._calls.put(None)
            elif self._threads < self._most and self._start(self._work_off, f"{self._threads + 1}"):
                self._threads += 1

    def _start(self, target: Callable[[], None], suffix: str) -> bool:
        """Start a thread. Returns False if the system has none; the next call tries again."""
        try:
            threading.Thread(target=target, name=f"{self._name}-{suffix}", daemon=True).start()
        except RuntimeError as error:
            logger.error("A thread for runs could not be started: %s", error)
            return False
        return True

    def _work_off(self) -> None:
        """What a thread does until the end. A forked child works on nothing."""
        self._here.works = True
        if self._prepare is not None:
            self._prepare()
        while not self._ending or self._items:
            taken = self._take(was_called=True)
            while taken:
                try:
                    with NoChildReturns():
                        self._work(*taken)
                except BaseException:  # nobody would notice that this thread is gone
                    quietly(logger.exception, "A thread failed; it continues with the next run.")
                if self._abandoned and threading.get_ident() in self._abandoned:
                    self._abandoned.discard(threading.get_ident())
                    self._leave()
                    return
                taken = self._take(was_called=False)
            self._calls.get()
        self._leave()

    def _take(self, *, was_called: bool) -> list[Item]:
        """The next item, or none if this thread should rest."""
        with self._lock:
            others = self._threads - self._resting - 1
            may_rest = self._one_is_enough and others and not (was_called or self._ending)
            if self._items and not may_rest:
                self._taken += 1
                return [self._items.popleft()]
            # Inside the lock, so that what is handed over from now on calls this thread.
            self._resting += 1
            if self._ending:
                self._call(1)
            return []

    def _watch(self) -> None:
        """A thread that looks whether one thread keeps up."""
        watch = self._watch_while_there_are_items
        go_on_until(lambda: self._ending, watch, "The watch over the threads")

    def _watch_while_there_are_items(self) -> None:
        if not self._items:  # else this is another try
            self._handed_over.wait()
            self._handed_over.clear()
        more = 1
        while self._items:
            taken, used, began = self._taken, time.process_time(), time.monotonic()
            time.sleep(MOMENT_SECONDS)
            share = (time.process_time() - used) / (time.monotonic() - began)
            more = self._call_more(more, is_stuck=taken == self._taken, share=share)

    def _call_more(self, count: int, *, is_stuck: bool, share: float) -> int:
        """Call so many threads if they are of use. Returns how many to call the next time."""
        with self._lock:
            self._one_is_enough = share >= BUSY_SHARE
            if not self._items or (self._one_is_enough and not is_stuck):
                return 1
            # All of those at work wait for something: nobody is in anybody's way.
            all_wait = is_stuck and not self._one_is_enough
            self._call(len(self._items) if all_wait else min(count, len(self._items)))
            return 2 * count
