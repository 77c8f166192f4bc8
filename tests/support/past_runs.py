"""Runs of a definition that ended, one after the other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from countjobs.models import JobDefinition
from countjobs.models.executions import Status, Trigger
from tests.support.factories import NOON, SECOND, execution_of

MINUTE = timedelta(minutes=1)


def ended(definition: JobDefinition, *statuses: Status, start: int = 1, **fields: Any) -> None:
    """Runs that ended one after the other, a minute each, from noon on."""
    for number, status in enumerate(statuses, start):
        at = NOON + number * MINUTE
        values = {"scheduled_at": at, "finished_at": at + SECOND, "trigger": Trigger.SCHEDULE}
        execution_of(definition, status, **{**values, **fields})
