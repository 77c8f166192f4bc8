"""Deciding what becomes of a due job, without the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from countjobs.models.executions import Status
from countjobs.triggers import due_fires

if TYPE_CHECKING:
    from apscheduler.job import Job


@dataclass(frozen=True)
class NotRun:
    """Fire times that get a row instead of a run."""

    status: Status
    at: datetime
    """The last of them."""
    folded: int
    """How many earlier fire times this row also stands for."""
    reason: str


@dataclass(frozen=True)
class Plan:
    """Every due fire time of a job, each accounted for once."""

    runs: list[datetime] = field(default_factory=list)
    folded: int = 0
    """How many earlier fire times the first run stands for."""
    not_run: NotRun | None = None
    following: datetime | None = None
    """The first fire time that is not due yet; None where there is none any more."""


def plan(job: Job, due_since: datetime, now: datetime, *, busy: int, catch_up: int) -> Plan:
    """Decide about a job that has been due since an instant.

    With `coalesce` the last fire time runs, and stands for the others. Without it the last
    `catch_up` fire times run. A fire time that is late by more than the grace time is missed. While
    `max_instances` runs are going on (`busy`), all fire times are skipped.
    """
    most = 1 if job.coalesce else catch_up + 1
    due = due_fires(job.trigger, due_since, now, most)
    if busy >= job.max_instances:
        folded = due.earlier + len(due.latest) - 1
        reason = _(
            "Earlier runs of this job had not finished (%(busy)d; max_instances is %(most)d)."
        ) % {"busy": busy, "most": job.max_instances}
        skipped = NotRun(Status.SKIPPED, due.latest[-1], folded, reason)
        return Plan(not_run=skipped, following=due.following)
    runs = [fire for fire in due.latest if _in_grace(job, fire, now)]
    if job.coalesce and runs:
        return Plan(runs, due.earlier, None, due.following)
    runs = runs[-catch_up:]
    left = due.latest[: len(due.latest) - len(runs)]
    if not left:
        return Plan(runs, 0, None, due.following)
    reason = _missed(job, left[-1], now, catch_up)
    missed = NotRun(Status.MISSED, left[-1], due.earlier + len(left) - 1, reason)
    return Plan(runs, 0, missed, due.following)


def _in_grace(job: Job, fire: datetime, now: datetime) -> bool:
    grace = job.misfire_grace_time
    return grace is None or now - fire <= timedelta(seconds=grace)


def _missed(job: Job, fire: datetime, now: datetime, catch_up: int) -> str:
    late = (now - fire).total_seconds()
    if _in_grace(job, fire, now):
        text = ngettext(
            "%(late).1f s late: of the fire times that have passed, only the last one runs.",
            "%(late).1f s late: of the fire times that have passed, only the last %(most)d run.",
            catch_up,
        )
        return text % {"late": late, "most": catch_up}
    text = _("%(late).1f s late: the misfire grace time is %(grace)s s.")
    return text % {"late": late, "grace": job.misfire_grace_time}
