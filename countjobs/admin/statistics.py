"""Figures of a job's newest runs: how many succeeded, how long they took, how late they were.

A chain of attempts counts once, by its end. The number of rows is bounded, so the cost doesn't grow
with the history.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil

from countjobs.models import Execution
from countjobs.models.executions import Status, Trigger

MOST = 500
"""How many runs the figures are based on, at most."""

WORKED = (Status.SUCCEEDED, Status.FAILED, Status.TIMED_OUT)
"""Statuses of runs whose duration is known. Nobody knows when a lost one ended."""
_ENDED = (*WORKED, Status.LOST)


@dataclass(frozen=True)
class Percentiles:
    """The median, and the value that 95 % stay below."""

    p50: timedelta
    p95: timedelta


@dataclass(frozen=True)
class RunStatistics:
    """The figures of some executions."""

    executions: Sequence[Execution]
    """Newest first."""
    counts: Counter[str] = field(default_factory=Counter)
    """How many there are of each status."""
    durations: Percentiles | None = None
    latenesses: Percentiles | None = None

    @property
    def ended(self) -> int:
        """How many runs finished, well or not. What was cancelled is neither."""
        return sum(self.counts[status] for status in _ENDED)

    @property
    def succeeded(self) -> int:
        """How many of them succeeded."""
        return self.counts[Status.SUCCEEDED]

    @property
    def success_percent(self) -> float | None:
        """The success rate: 100 only if all succeeded. None if none has finished."""
        return int(1_000 * self.succeeded / self.ended) / 10 if self.ended else None


def statistics_of(executions: Sequence[Execution]) -> RunStatistics:
    """The figures of executions, given newest first."""
    return RunStatistics(
        executions,
        Counter(execution.status for execution in executions),
        percentiles(each.duration for each in executions if each.status in WORKED),
        percentiles(map(lateness_of, executions)),
    )


def lateness_of(execution: Execution) -> timedelta | None:
    """How late it started. None for a retry: it waits on purpose, and keeps the time when the first
    attempt was due.
    """
    return None if execution.trigger == Trigger.RETRY else execution.lateness


def percentiles(values: Iterable[timedelta | None]) -> Percentiles | None:
    """The percentiles of the known values. Each is one of the values."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return None
    return Percentiles(*(percentile(known, percent) for percent in (50, 95)))


def percentile(ascending: Sequence[timedelta], percent: int) -> timedelta:
    """The smallest value that so many percent of all don't exceed (nearest rank)."""
    return ascending[max(ceil(percent * len(ascending) / 100), 1) - 1]
