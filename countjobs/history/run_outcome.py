"""How runs went, on the way from the executor to the history."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import TypeAlias

from countjobs.models.executions import Status
from countjobs.run_context import Run

Raised: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None]


@dataclass(frozen=True)
class FollowUp:
    """Whose run ended: something may follow, such as a retry."""

    job_id: str
    attempt: int


@dataclass
class Outcome:
    """How a run went."""

    status: Status
    execution_id: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    output: str = ""
    error: str = ""
    traceback: str = ""
    gives_up: bool = False
    """Whether the job asked not to be tried again (GiveUp)."""
    try_after: float | None = None
    """In how many seconds the job asked to be tried again (TryLater)."""
    follow_up: FollowUp | None = None
    """What to look at when it is recorded. None: nothing."""
    run: Run | None = field(default=None, repr=False, compare=False)
    """The run. None: it isn't at hand."""
    raised: Raised | None = field(default=None, repr=False, compare=False)
    """The error itself, until it has been logged. It isn't recorded."""
