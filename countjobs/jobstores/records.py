"""What a claim writes into the history."""

from __future__ import annotations

from datetime import datetime

from apscheduler.job import Job
from django.utils.translation import gettext as _

from countjobs.history import lifecycle
from countjobs.jobstores.plan import Plan
from countjobs.models.kinds import definition_key
from countjobs.text import storable


def executions_of(job: Job, made: Plan, now: datetime) -> list[lifecycle.Row]:
    """The rows of a due job: each run, and what is missed or skipped."""
    name = storable(job.name)[:255]
    rows = []
    if left := made.not_run:
        fire_time = lifecycle.due(job.id, name, left.at, left.folded)
        rows.append(lifecycle.not_run(fire_time, left.status, left.reason, now))
    for index, fire in enumerate(made.runs):
        rows.append(lifecycle.due(job.id, name, fire, made.folded if index == 0 else 0))
    return rows


def why_gone(job_id: str) -> str:
    """Why a job has no row. Jobs from code lose theirs when their last fire time is claimed."""
    if definition_key(job_id) is not None:
        return _("The job was deleted.")
    return _("The job no longer exists: it was deleted, or it had no more fire times.")
