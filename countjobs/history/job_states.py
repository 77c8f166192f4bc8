"""Which jobs fail: noted when the last attempt of a run goes wrong, until a run succeeds.

This is what alerts tell of: a change of state, not each failure. The state follows the order in
which runs are recorded.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django_apscheduler.models import DjangoJob

from countjobs.database.batches import batches
from countjobs.database.primary import rows_of
from countjobs.database.rowsets import insert_rows
from countjobs.database.turns import own_turn
from countjobs.history.announcing import announce
from countjobs.models import Execution, FailingJob
from countjobs.models.executions import FAILURES, Status
from countjobs.models.kinds import definition_key, keys_by_kind
from countjobs.models.validity import EPOCH
from countjobs.signals import Change, job_failed, job_recovered

MOST_KNOWN = 1_000
"""If more jobs fail, recording asks for each batch of runs which of its jobs do."""
_BATCH = 500
_READ = ("job_id", "job_name", "scheduled_at", "finished_at", "error")


@dataclass(frozen=True)
class Failing:
    """Which jobs fail, as far as one look tells."""

    job_ids: frozenset[str]
    has_more: bool

    def may_hold(self, job_ids: Iterable[str]) -> bool:
        """Whether one of these jobs may fail."""
        return self.has_more or not self.job_ids.isdisjoint(job_ids)


def known_failing() -> Failing:
    """Look which jobs fail. It is one short query. Raises django.db.Error."""
    found = list(rows_of(FailingJob).values_list("job_id", flat=True)[: MOST_KNOWN + 1])
    return Failing(frozenset(found), len(found) > MOST_KNOWN)


def note_failures(execution_ids: Collection[int], now: datetime) -> None:
    """Runs have failed whose chains end with them. Announce the jobs that didn't fail before.

    What is paused or deleted by now is left out. The caller has a transaction, and has locked or
    written these runs. Raises django.db.Error.
    """
    first: dict[str, Execution] = {}
    for batch in batches(sorted(execution_ids), _BATCH):
        ended = Execution.objects.filter(pk__in=batch, status__in=FAILURES, next_attempt=None)
        for run in ended.only(*_READ).order_by("finished_at", "pk"):
            first.setdefault(run.job_id, run)
    # Those that are known to fail are only read: whoever pauses one may hold its row.
    known = rows_of(FailingJob).filter(job_id__in=list(first)).values_list("job_id", flat=True)
    for job_id in {*known, *_at_rest(first)}:
        del first[job_id]
    if not first:
        return
    rows = [
        {
            "job_id": job_id,
            "job_name": run.job_name,
            "since": run.scheduled_at,
            "noted_at": now,
            "execution_id": run.pk,
        }
        for job_id, run in sorted(first.items())
    ]
    new = {job_id for (job_id,) in insert_rows(FailingJob, rows, ["job_id"])}
    if not new:
        return
    changes = [
        Change(job_id, run.job_name, run.scheduled_at, run.pk, _first_line(run.error))
        for job_id, run in first.items()
        if job_id in new
    ]
    announce(job_failed, changes)


def _first_line(error: str) -> str:
    return error.strip().partition("\n")[0]


def _at_rest(job_ids: Iterable[str]) -> set[str]:
    """Those of these jobs whose definitions are paused or deleted: a run may end after that."""
    rest: set[str] = set()
    for model, pks in keys_by_kind(job_ids).items():
        rest |= {model.job_id_of(pk) for pk in pks}
        for batch in batches(pks, _BATCH):
            enabled = rows_of(model).filter(pk__in=batch, enabled=True)
            rest -= {model.job_id_of(pk) for pk in enabled.values_list("pk", flat=True)}
    return rest


def note_successes(ended: Iterable[tuple[str, int]]) -> None:
    """Runs have succeeded, given by their jobs and keys. Announce the jobs that failed before.

    The caller has a transaction. Raises django.db.Error.
    """
    runs = dict(ended)
    over: list[FailingJob] = []
    for batch in batches(sorted(runs), _BATCH):
        over += FailingJob.objects.filter(job_id__in=batch).select_for_update().order_by("job_id")
    if not over:
        return
    forget([row.job_id for row in over])
    changes = [Change(row.job_id, row.job_name, row.since, runs[row.job_id]) for row in over]
    announce(job_recovered, changes)


def forget(job_ids: Iterable[str]) -> None:
    """These jobs were paused or deleted, or have recovered: no longer say that they fail."""
    for batch in batches(sorted(job_ids), _BATCH):
        rows = FailingJob.objects.filter(job_id__in=batch)
        # Locked in the order in which others lock them.
        if found := list(rows.select_for_update().order_by("job_id").values_list("pk", flat=True)):
            FailingJob.objects.filter(pk__in=found).delete()


def look_for_recoveries() -> None:
    """Mend what recording can't see: a job's first failure, recorded by one scheduler at the moment
    when another records its next success, or while somebody pauses it. Raises django.db.Error.
    """
    for batch in batches(list(rows_of(FailingJob).order_by("job_id")), _BATCH):
        failed_at = _when_they_failed(batch)
        job_ids = list(failed_at)
        recovered = [
            (past.job_id, past.id)
            for past in Execution.objects.newest_of_each(job_ids, 1, ended=True)
            if past.status == Status.SUCCEEDED
            and (past.finished_at or EPOCH) > failed_at[past.job_id]
        ]
        over = _at_rest(job_ids) | _gone_from_code(job_ids)
        if recovered or over:
            with own_turn(), transaction.atomic():
                forget(over)
                note_successes(recovered)


def _when_they_failed(failing: list[FailingJob]) -> dict[str, datetime]:
    """When the runs ended with which these jobs began to fail."""
    runs = Execution.objects.filter(pk__in=[row.execution_id for row in failing])
    ended = dict(runs.values_list("pk", "finished_at"))
    return {row.job_id: ended.get(row.execution_id) or row.noted_at for row in failing}


def _gone_from_code(job_ids: list[str]) -> set[str]:
    """Those of these jobs that have no definition, nor a row in the job store."""
    from_code = {job_id for job_id in job_ids if definition_key(job_id) is None}
    if not from_code:
        return set()
    there = rows_of(DjangoJob).filter(id__in=list(from_code)).values_list("id", flat=True)
    return from_code - set(there)
