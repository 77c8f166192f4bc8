"""What was found in another scheduler: a definition to make, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from countjobs.models import JobDefinition


class NotTakenOverError(Exception):
    """A schedule that can't become a definition. The message says why, and what to do."""


@dataclass(frozen=True)
class How:
    """What holds for all entries of an import."""

    now: datetime
    timezone: str
    """The zone of schedules that name none."""
    accepts_clock_changes: bool = False
    """Whether fire times may differ on the days of clock changes."""


@dataclass
class Entry:
    """One schedule of another scheduler."""

    source: str
    """What it is called there."""
    definition: JobDefinition | None = None
    """It isn't saved yet. None: it isn't taken over."""
    reason: str = ""
    """Why it isn't taken over."""
    notes: list[str] = field(default_factory=list)
    """What doesn't come with it, a sentence each."""


Entries = Iterator[Entry]


def entry_of(source: str, make: Callable[[list[str]], JobDefinition]) -> Entry:
    """The entry of one schedule, made by a function that adds notes to the list it is given."""
    entry = Entry(source)
    try:
        entry.definition = make(entry.notes)
    except NotTakenOverError as error:
        entry.reason = str(error)
    return entry
