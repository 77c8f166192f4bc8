"""Running a definition in the calling process, and recording the run."""

from __future__ import annotations

import os
import socket
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from countjobs.conf import Conf
from countjobs.database.turns import own_turn
from countjobs.executors.output import capturing
from countjobs.executors.runs import carry_out
from countjobs.history import lifecycle
from countjobs.history.job_states import note_failures, note_successes
from countjobs.history.run_outcome import Outcome
from countjobs.models import Execution, JobDefinition
from countjobs.models.executions import Status, Trigger
from countjobs.run_context import Run


def run_here(definition: JobDefinition, *, requested_by: str) -> Execution:
    """Run a definition now, and record the run when it has ended.

    Not earlier: this process writes no heartbeats, so nobody would settle the run if it died.
    """
    scheduled_at = timezone.now()
    definition.hand_to_run()
    run = Run(0, definition.job_id, definition.name, scheduled_at, definition.run)
    with capturing():
        outcome = carry_out(run, Conf.load().output_bytes)
    with own_turn(), transaction.atomic():
        return _record(definition, outcome, scheduled_at, requested_by)


def _record(
    definition: JobDefinition, outcome: Outcome, scheduled_at: datetime, requested_by: str
) -> Execution:
    recorded = lifecycle.record_here(
        job_id=definition.job_id,
        job_name=definition.name,
        trigger=Trigger.MANUAL,
        scheduled_at=scheduled_at,
        node=f"{socket.gethostname()}:{os.getpid()}:runjob",
        requested_by=requested_by[:255],
        status=outcome.status,
        started_at=outcome.started_at,
        finished_at=outcome.finished_at,
        output=outcome.output,
        error=outcome.error,
        traceback=outcome.traceback,
    )
    if outcome.status == Status.SUCCEEDED:
        note_successes([(definition.job_id, recorded.pk)])
    else:
        note_failures([recorded.pk], timezone.now())
    return recorded
