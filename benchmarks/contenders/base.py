"""What the contenders have in common: the article's job, and what a measurement asks of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TypeAlias

from benchmarks.own_process import say, wait_until
from benchmarks.preparing import Groups

MESSAGES = {"one": "one count.", "two": "two count.", "three": "three count."}
COUNT = 3
BATCH = 5_000
LONGEST_START_SECONDS = 900.0

Start: TypeAlias = tuple[float, float]
"""When a run was due, and when it started, in seconds since 1970."""


class Contender(ABC):
    """A scheduler, with the job of the article to be run by it."""

    @abstractmethod
    def make(self, groups: Groups) -> None:
        """Write definitions, in this order, into the database; nothing runs yet."""

    @abstractmethod
    def start(self, threads: int) -> None:
        """Start the scheduler in threads of this process, and come back."""

    def is_ready(self) -> bool:
        """Whether it has done all that it does for its start."""
        return True

    def wait_until_ready(self) -> None:
        """Wait for that: until then runs share the processor with it."""
        if not wait_until(self.is_ready, LONGEST_START_SECONDS, every=0.1):
            raise RuntimeError(f"It isn't ready after {LONGEST_START_SECONDS:.0f} s.")

    @abstractmethod
    def recorded(self) -> int:
        """How many runs are written down as succeeded."""

    def starts(self) -> list[Start]:
        """The runs that have started, in any order."""
        raise NotImplementedError

    def ask(self) -> None:
        """Have one run more that is due at once: the first that the scheduler can find."""
        raise NotImplementedError


def batches(groups: Groups) -> Iterator[list[tuple[int, dict[str, str]]]]:
    """The definitions one by one, numbered, with their fields, in batches; tells how far it is."""
    fields = [fields for count, fields in groups for _ in range(count)]
    for first in range(0, len(fields), BATCH):
        yield list(enumerate(fields[first : first + BATCH], start=first))
        if len(fields) > BATCH:
            say(f"      {min(first + BATCH, len(fields)):,} of {len(fields):,} definitions made")
