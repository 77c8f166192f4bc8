"""Whether a row keeps its next run time.

A row keeps it if its schedule has not changed, so that a due job stays due. There are two
exceptions. The next run time may not be a fire time any more, because the time zone database has
changed since: the job would run an hour off, and then again at the right time. Or it was
computed while a clock was ahead: then earlier fire times would be left out.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from apscheduler.job import Job
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger

from countjobs.triggers import BoundedTrigger

CLOCKS_DIFFER = timedelta(minutes=1)
"""Clocks may differ by so much. A row that is further ahead is mended."""
_DAY = timedelta(days=1)
_TICK = timedelta(microseconds=1)
_NEAR = timedelta(hours=4)
"""A clock change moves a fire time by less."""
_MOST_WALKED = 1_000


def kept_run_time(trigger: BaseTrigger, kept: datetime, now: datetime) -> datetime | None:
    """The next run time of a definition's row: the present one, or the fire time that has replaced
    it, if that has passed. None if it is the first fire time from now on.

    This takes one search, as a rule. A kind's own trigger may depend on more than its fields, so
    what it once said is kept.
    """
    soon = now + CLOCKS_DIFFER
    if kept <= soon and not isinstance(trigger, BoundedTrigger):
        return kept
    found = _next(trigger, min(kept, soon))
    if found == kept:
        return kept
    if found is not None and found < kept:
        return None
    if not isinstance(trigger, BoundedTrigger):
        return kept
    earlier = _utc(trigger.last_fire_time(kept))
    if earlier is not None and earlier < kept - _DAY:
        earlier = None
    return _passed(earlier, kept, _next(trigger, kept), now)


def renamed_run_time(trigger: BaseTrigger, old: BaseTrigger, kept: datetime) -> datetime | None:
    """The next run time after an edit that may have changed no more than the name.

    The name decides by how much jitter delays. Without this, a job could miss the fire time that it
    waits for, or have one twice. None if the schedule has changed, too.
    """
    both = isinstance(trigger, BoundedTrigger) and isinstance(old, BoundedTrigger)
    return trigger.renamed(old, kept) if both else None


def kept_of_code(job: Job, kept: datetime | None, now: datetime) -> datetime | None:
    """The same for a job from code; None if it is paused.

    This checks only APScheduler's cron triggers without jitter, because jitter gives another time
    on each call. It does not check the first run, which code may put at any time.
    """
    trigger = job.trigger
    if kept is None or type(trigger) is not CronTrigger or trigger.jitter:
        return kept
    if job.next_run_time is not None and _utc(job.next_run_time) == kept:
        return kept
    found, earlier = _next(trigger, kept), None
    # What APScheduler says around a clock change depends on where its search begins.
    at = _next(trigger, kept - _NEAR) if found != kept else kept
    for _ in range(_MOST_WALKED):
        if at is None or at > kept:
            passed = _passed(earlier, kept, found, now)
            return passed or trigger.get_next_fire_time(None, now)
        if at == kept:
            return kept
        earlier, at = at, _next(trigger, at + _TICK)
    return kept


def _passed(
    earlier: datetime | None, kept: datetime, later: datetime | None, now: datetime
) -> datetime | None:
    """The fire time that has replaced a kept one, if it has passed: the nearer of its neighbours.

    It may have been claimed before. Then it is in the history, and is not taken twice.
    """
    is_earlier = earlier is not None and (later is None or kept - earlier < later - kept)
    moved = earlier if is_earlier else later
    return moved if moved is not None and moved <= now else None


def _next(trigger: BaseTrigger, at_or_after: datetime) -> datetime | None:
    return _utc(trigger.get_next_fire_time(None, at_or_after))


def _utc(instant: datetime | None) -> datetime | None:
    """In UTC: times of different zones never compare equal where a clock change repeats one."""
    return None if instant is None else instant.astimezone(UTC)
