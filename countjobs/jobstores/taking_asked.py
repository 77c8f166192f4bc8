"""The part of a claim that takes runs which wait: requests, retries, and what was given back."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import Error
from django.utils.translation import gettext as _
from django_apscheduler.models import DjangoJob

from countjobs.database.primary import rows_of
from countjobs.history import lifecycle
from countjobs.history.job_states import note_failures
from countjobs.jobstores.claim_under_way import ClaimUnderWay, run_of
from countjobs.jobstores.claimed import ClaimedJob
from countjobs.jobstores.neighbours import kinds_told
from countjobs.jobstores.questions import JobRow
from countjobs.jobstores.records import why_gone
from countjobs.jobstores.restoring import Strange, Taken
from countjobs.models import Execution
from countjobs.models.executions import OWED, Status, Trigger
from countjobs.models.kinds import unknown_kind
from countjobs.models.validity import sentences
from countjobs.text import describe, storable


class AskedRuns:
    """The waiting runs that one claim has locked."""

    def __init__(self, claim: ClaimUnderWay) -> None:
        self._claim = claim
        self._taken: dict[str, ClaimedJob] = {}

    def take(
        self, asked: list[Execution], rows: Mapping[str, JobRow], restored: Mapping[str, Taken]
    ) -> None:
        """Answer each of them, or leave it waiting."""
        gone = self._gone([each.job_id for each in asked if each.job_id not in rows])
        answers = []
        for execution in asked:
            taken = restored.get(execution.job_id)
            if taken is not None:
                answers += self._take_one(execution, taken)
            elif (error := self._why_not(execution.job_id)) is not None:
                reason = _("The job is broken: %(error)s") % {"error": error}
                answers.append(self._end(execution, Status.FAILED, reason))
            elif execution.job_id in gone:
                reason = why_gone(execution.job_id)
                answers.append(self._end(execution, Status.CANCELLED, reason))
        lifecycle.answer(answers)
        failed = [each["id"] for each in answers if each["status"] == Status.FAILED]
        if failed:
            note_failures(failed, self._claim.now)

    def _why_not(self, job_id: str) -> str | None:
        """Why nobody runs a job: it is broken, or not ours."""
        foreign = {
            each.job_id: each.reason for each in self._claim.claims.strange if each.is_foreign
        }
        return self._claim.broken.get(job_id) or foreign.get(job_id)

    def _gone(self, job_ids: list[str]) -> set[str]:
        """Those whose rows are not there, rather than locked by somebody else."""
        if not job_ids:
            return set()
        there = rows_of(DjangoJob).filter(id__in=job_ids).values_list("id", flat=True)
        gone = set(job_ids) - set(there)
        strange = {job_id: kind for job_id in gone if (kind := unknown_kind(job_id))}
        told = kinds_told() if strange else set()
        for job_id, kind in strange.items():
            if kind in told:  # left to a scheduler that knows the kind
                gone.discard(job_id)
                reason = _("This scheduler doesn't know jobs of the kind “%(kind)s”.")
                reason %= {"kind": kind}
                self._claim.claims.strange.append(Strange(job_id, reason, kind=kind))
        return gone

    def _take_one(self, execution: Execution, taken: Taken) -> list[lifecycle.Row]:
        """The answer to a waiting run; none if it has to go on waiting."""
        job = taken.job
        if execution.trigger == Trigger.RETRY and taken.is_paused:
            return [self._end(execution, Status.CANCELLED, _("The job was paused."))]
        # A dead scheduler was catching up with these: they run one after the other, as they did
        # there.
        chain = self._taken.get(job.id) if execution.trigger in OWED else None
        if chain is None and self._claim.busy[job.id] >= job.max_instances:
            return self._refuse(execution)
        try:
            call = taken.call(execution.parameters)
        except Error:
            raise
        except Exception as error:  # parameters may be anything, and fields may refuse it
            return self._fail(execution, taken, error)
        run = run_of(taken, execution.pk, execution.scheduled_at, call, execution.attempt)
        if chain is not None:
            chain.runs.append(run)
        elif not self._claim.take_room(job.id, job.executor):
            return []
        else:
            self._claim.busy[job.id] += 1
            self._taken[job.id] = ClaimedJob(job.id, job.name, job.executor, [run])
            self._claim.claims.jobs.append(self._taken[job.id])
        if execution.trigger == Trigger.SCHEDULE and job.coalesce:
            self._claim.begun.add(job.id)
        return [lifecycle.taken(execution, self._claim.node)]

    def _fail(self, execution: Execution, taken: Taken, error: Exception) -> list[lifecycle.Row]:
        if not isinstance(error, ValidationError):
            return [self._end(execution, Status.FAILED, describe(error))]
        if self._claim.leaves(taken, error):
            return []
        return [self._end(execution, Status.FAILED, storable(" ".join(sentences(error))))]

    def _refuse(self, execution: Execution) -> list[lifecycle.Row]:
        if execution.trigger in OWED:
            return []
        reason = _("Earlier runs of this job had not finished (%(busy)d).")
        reason %= {"busy": self._claim.busy[execution.job_id]}
        return [self._end(execution, Status.SKIPPED, reason)]

    def _end(self, execution: Execution, status: Status, error: str) -> lifecycle.Row:
        claim = self._claim
        return lifecycle.refused(execution, claim.node, status, error, claim.now)
