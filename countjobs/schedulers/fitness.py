"""Whether a scheduler does its work, as the program that it lives in can see it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from countjobs.conf import Conf
from countjobs.jobstores.room import look

if TYPE_CHECKING:
    from countjobs.schedulers.loop import DatabaseScheduler


def why_it_does_not_work(scheduler: DatabaseScheduler, now: datetime) -> str:
    """Why this scheduler starts no runs, in a sentence without names; empty if all is well.

    Raises django.db.Error.
    """
    heartbeat = scheduler.heartbeat
    if heartbeat.is_older_than(Conf.load().lease_seconds):
        return "The scheduler has written no heartbeat lately, or none yet."
    if not scheduler.store.is_open:
        return "The scheduler is stopping."
    if heartbeat.cannot_claim:
        return "The scheduler can't start or record runs."
    if any(run.node == heartbeat.name for run in look(now).taken_by):
        return "Every thread is busy with a run that doesn't end, and other runs wait."
    return ""
