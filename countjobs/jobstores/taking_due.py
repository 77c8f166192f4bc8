"""The part of a claim that takes due rows: it plans their fire times, and records them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import Error

from countjobs.conf import Conf
from countjobs.history import lifecycle
from countjobs.jobstores.claim_under_way import Call, ClaimUnderWay, run_of
from countjobs.jobstores.claimed import ClaimedJob
from countjobs.jobstores.overlaps import Overlaps
from countjobs.jobstores.plan import Plan, plan
from countjobs.jobstores.questions import JobRow, instant
from countjobs.jobstores.records import executions_of
from countjobs.jobstores.restoring import Taken
from countjobs.models.executions import Status
from countjobs.models.rules import Overlap
from countjobs.models.validity import sentences
from countjobs.text import describe, in_one_line

logger = in_one_line(logging.getLogger(__name__))


class DueRows:
    """The due rows that one claim has locked."""

    def __init__(self, claim: ClaimUnderWay) -> None:
        self._claim = claim
        self._overlaps = Overlaps(claim)

    def take(self, due: list[JobRow], restored: Mapping[str, Taken]) -> None:
        """Record their fire times, and take those that are to run."""
        claim = self._claim
        catch_up = Conf.load().catch_up_runs
        rows: list[dict[str, Any]] = []
        plans: list[tuple[Taken, Plan, list[Call]]] = []
        for row in due:
            taken = restored.get(row.id)
            if taken is None or row.next_run_time is None:
                continue
            busy = claim.busy[row.id]
            try:
                made = plan(taken.job, row.next_run_time, claim.now, busy=busy, catch_up=catch_up)
                calls = taken.calls(len(made.runs))  # first: a job that is refused takes no room
                if made.runs and not claim.take_room(row.id, taken.job.executor):
                    continue
                if _waits(made, taken):
                    self._overlaps.add(taken, made)
                else:
                    rows += executions_of(taken.job, made, claim.now)
            except Error:
                raise
            except ValidationError as refused:
                if not claim.leaves(taken, refused):
                    claim.park([(row, "\n".join(sentences(refused)))], {})
                continue
            except Exception as error:  # triggers and fields are anybody's code
                logger.error('Job "%s" can\'t be claimed', row.id, exc_info=error)
                claim.park([(row, describe(error))], {})
                continue
            plans.append((taken, made, calls))
            self._move_on(taken, made.following)
        inserted = lifecycle.claim(claim.node, rows)
        self._overlaps.record()
        ids = {(job_id, instant(at)): pk for pk, job_id, at in inserted}
        for taken, made, calls in plans:
            self._collect(taken, made, calls, ids)

    def _move_on(self, taken: Taken, following: datetime | None) -> None:
        if following is None and taken.definition is None:
            self._claim.over.append(taken.row.id)  # as APScheduler does with a job that is done
        else:
            self._claim.moved.append({"id": taken.row.id, "next_run_time": following})

    def _collect(
        self,
        taken: Taken,
        made: Plan,
        calls: list[Call],
        ids: Mapping[tuple[str, datetime], int],
    ) -> None:
        job = taken.job
        runs = [
            run_of(taken, ids[job.id, fire], fire, call)
            for fire, call in zip(made.runs, calls, strict=True)
            if (job.id, fire) in ids  # else it was recorded before: a clock was set back
        ]
        if runs:
            self._claim.claims.jobs.append(ClaimedJob(job.id, job.name, job.executor, runs))
            if job.coalesce:
                self._claim.begun.add(job.id)
        if made.not_run and not _waits(made, taken):
            self._claim.claims.not_run.append((job.id, made.not_run))


def _waits(made: Plan, taken: Taken) -> bool:
    """Whether fire times that find no room wait, rather than being skipped."""
    return (
        made.not_run is not None
        and made.not_run.status == Status.SKIPPED
        and taken.definition is not None
        and taken.definition.overlap != Overlap.SKIP
    )
