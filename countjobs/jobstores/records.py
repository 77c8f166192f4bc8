"""What a claim writes into the history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from apscheduler.job import Job
from django.utils.translation import gettext as _

from countjobs.jobstores.plan import Plan
from countjobs.models.executions import Status, Trigger
from countjobs.models.kinds import definition_key
from countjobs.text import storable


def executions_of(job: Job, made: Plan, now: datetime) -> list[dict[str, Any]]:
    """The executions of a job that is due: each run, and what is missed or skipped."""
    rows = []
    if made.not_run:
        row = _row(job, made.not_run.at, made.not_run.status, made.not_run.folded)
        rows.append({**row, "finished_at": now, "error": made.not_run.reason})
    for index, fire in enumerate(made.runs):
        rows.append(_row(job, fire, Status.QUEUED, made.folded if index == 0 else 0))
    return rows


def _row(job: Job, scheduled_at: datetime, status: Status, folded: int) -> dict[str, Any]:
    return {
        "job_id": job.id,
        "job_name": storable(job.name)[:255],
        "status": status,
        "scheduled_at": scheduled_at,
        "finished_at": None,
        "error": "",
        "folded": folded,
    }


def shared_by(node: str) -> dict[str, Any]:
    """What all executions that a claim inserts have in common."""
    return {
        "trigger": Trigger.SCHEDULE,
        "started_at": None,
        "node": node,
        "attempt": 1,
        "requested_by": "",
        "parameters": {},
        "output": "",
        "traceback": "",
    }


def why_gone(job_id: str) -> str:
    """Why a job has no row. A claim takes those of jobs from code with their last fire time."""
    if definition_key(job_id) is not None:
        return _("The job was deleted.")
    return _("The job is gone: it was deleted, or its last fire time had been claimed before.")
