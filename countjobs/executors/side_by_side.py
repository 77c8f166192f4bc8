"""The executors of one scheduler, side by side: how much room each has, and what they carry out."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from countjobs.conf import DEFAULT_EXECUTOR
from countjobs.executors.threads import ThreadPoolExecutor


class Executors:
    """All executors of a scheduler, by name.

    One that no definition has used yet doesn't count as room: claims would be too large.
    """

    def __init__(self, by_name: Mapping[str, ThreadPoolExecutor]) -> None:
        self._by_name = dict(by_name)
        self._used = {DEFAULT_EXECUTOR}

    def __iter__(self) -> Iterator[ThreadPoolExecutor]:
        return iter(self._by_name.values())

    def items(self) -> Iterable[tuple[str, ThreadPoolExecutor]]:
        """Each with its name."""
        return self._by_name.items()

    def note_used(self, names: Iterable[str]) -> None:
        """Jobs for these executors were seen: there will be runs."""
        for name in (self._by_name.keys() & set(names)) - self._used:
            self._used.add(name)
            self._by_name[name].prepare()

    # What the job store asks

    def rooms(self) -> dict[str, int]:
        """How many jobs each may take."""
        return {name: executor.free for name, executor in self._by_name.items()}

    def room_for_claims(self, rooms: Mapping[str, int]) -> int:
        """How many jobs a claim may take at most."""
        return sum(rooms[name] for name in self._used)

    def full(self) -> frozenset[str]:
        """The executors without room, where there are others that jobs use."""
        if len(self._used) == 1:  # nobody else has room: there are no claims then
            return frozenset()
        return frozenset(name for name in self._used if self._by_name[name].free <= 0)

    @property
    def free(self) -> int:
        """The same as `room_for_claims`, as it is now."""
        return sum(self._by_name[name].free for name in self._used)

    def has_room(self, names: Iterable[str]) -> bool:
        """Whether any of these has room."""
        return any(self._by_name[name].free > 0 for name in names)

    def busy(self) -> Counter[str]:
        """How many runs of each job are going on, or are about to."""
        first, *others = (executor.busy() for executor in self)
        for other in others:
            first.update(other)
        return first

    def in_flight(self) -> set[int]:
        """The executions that were handed in, and whose outcomes are not reported yet."""
        return {pk for executor in self for pk in executor.in_flight()}

    # What the scheduler asks

    def is_own_thread(self) -> bool:
        """Whether the caller is in a thread that carries out runs."""
        return any(executor.is_own_thread() for executor in self)

    @property
    def given_up(self) -> int:
        """How many threads were given up, and still go on."""
        return sum(executor.given_up for executor in self)

    @property
    def is_worn_out(self) -> bool:
        """Whether one has given up as many threads as it has."""
        return any(executor.given_up >= executor.size for executor in self)

    @property
    def trouble(self) -> str:
        """Why runs can't be started; empty while all is well."""
        reasons = (executor.outage.reason for executor in self)
        return next((reason for reason in reasons if reason), "")

    def begin_nothing_more(self) -> None:
        """Let runs end that have begun, and forget those that wait."""
        for executor in self:
            executor.begin_nothing_more()

    def wait_until_idle(self, timeout: float) -> bool:
        """Whether every run has ended, waiting for that at most so many seconds."""
        deadline = time.monotonic() + timeout
        left = [
            executor
            for executor in self
            if not executor.wait_until_idle(max(deadline - time.monotonic(), 0))
        ]
        return not left
