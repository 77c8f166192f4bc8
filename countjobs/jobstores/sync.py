"""Making the job store agree with the definitions, after raw SQL, a restored backup, a new key.

Most rows agree. So they are looked at without a lock, and only what disagrees is looked at again,
locked, and written: in batches, each a transaction of its own. No other writer waits for long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django_apscheduler.models import DjangoJob

from countjobs.batches import batches
from countjobs.jobstores.questions import rows_from_code
from countjobs.jobstores.rows import delete_rows, disagreeing, park, write_rows
from countjobs.jobstores.signing import UnreadableJobError, unseal
from countjobs.jobstores.wakeups import notify
from countjobs.models import JobDefinition, ParkedJob
from countjobs.models.definitions import concrete_definitions
from countjobs.primary import rows_of
from countjobs.text import describe, storable
from countjobs.turns import own_turn

_BATCH = 200
"""Definitions. To write so many rows takes about a tenth of a second."""


def sync(now: datetime) -> list[str]:
    """Mend every row that disagrees. Returns what was mended, a line each."""
    return [line for mended in sync_steps(lambda: now) for line in mended]


def sync_steps(clock: Callable[[], datetime]) -> Iterator[list[str]]:
    """The same, step by step, for somebody who does other things in between, or stops early.

    Each step yields what it mended. Between two of them no transaction is open.
    """
    for model in concrete_definitions():
        pks = list(rows_of(model).order_by("pk").values_list("pk", flat=True))
        for batch in batches(pks, _BATCH):
            yield _mend(model, batch, clock())
        yield _delete_orphans(model)
    yield _mend_others(clock())
    yield _forget_parked()


def _mend(model: type[JobDefinition], pks: list[Any], now: datetime) -> list[str]:
    """Rows of definitions that disagree with them, or are missing."""
    if wrong := disagreeing(model, pks, now):
        with own_turn():
            return write_rows(model, wrong, now)
    return []


def _delete_orphans(model: type[JobDefinition]) -> list[str]:
    """Rows of definitions that are gone."""
    rows = rows_of(DjangoJob).filter(id__startswith=model.job_id_of(""))
    # Read before the definitions: the row of one that is being created is not an orphan.
    job_ids = set(rows.values_list("id", flat=True))
    job_ids -= {model.job_id_of(pk) for pk in rows_of(model).values_list("pk", flat=True)}
    orphans = sorted(job_ids)
    delete_rows(orphans)
    return [f"{job_id}: deleted, its definition is gone" for job_id in orphans]


def _mend_others(now: datetime) -> list[str]:
    """Jobs from code: those that can't be restored are parked, those that can again go on."""
    rows = rows_from_code().order_by("id")
    if wrong := [row.id for row, *_ in _wrong(rows, now)]:
        with own_turn(), transaction.atomic():
            locked = DjangoJob.objects.select_for_update().order_by("id").filter(id__in=wrong)
            return _restore(list(_wrong(locked, now)), now)
    return []


def _forget_parked() -> list[str]:
    """Jobs that are set aside, and whose rows are gone."""
    rows = rows_of(DjangoJob).filter(id=models.OuterRef("job_id"))
    gone = ParkedJob.objects.filter(~models.Exists(rows))
    job_ids = sorted(gone.values_list("job_id", flat=True))
    if job_ids:
        gone.filter(job_id__in=job_ids).delete()
    return [f"{job_id}: no longer set aside, it is gone" for job_id in job_ids]


def _wrong(
    rows: models.QuerySet[DjangoJob], now: datetime
) -> Iterator[tuple[DjangoJob, datetime | None, str | None]]:
    """Those that are not set aside, or not for this reason, though they have to be; and those that
    need not be any more. With when they run next, and what is wrong with them.
    """
    parked = dict(ParkedJob.objects.values_list("job_id", "error"))
    for row in rows:
        was = parked.get(row.id)
        next_run_time, error = _restored(row, now, is_parked=was is not None)
        if error != was:
            yield row, next_run_time, error


def _restore(
    wrong: list[tuple[DjangoJob, datetime | None, str | None]], now: datetime
) -> list[str]:
    """Write down what is true of jobs from code. Returns a line each."""
    mended = []
    for row, next_run_time, error in wrong:
        if error is None:
            ParkedJob.objects.filter(job_id=row.id).delete()
            mended.append(f"{row.id}: mended, next run at {next_run_time}")
        else:
            park([ParkedJob(job_id=row.id, error=error, parked_at=now)])
            mended.append(f"{row.id}: broken, {error}")
        row.next_run_time = next_run_time
        row.save(update_fields=["next_run_time"])
    notify()
    return mended


def _restored(
    row: DjangoJob, now: datetime, *, is_parked: bool
) -> tuple[datetime | None, str | None]:
    """When a job runs next, or what is wrong with it."""
    try:
        job = unseal(row.id, bytes(row.job_state))
        if not is_parked:
            return row.next_run_time, None
        # Its own word for a job that was paused before it broke.
        is_paused = job.next_run_time is None
        return None if is_paused else job.trigger.get_next_fire_time(None, now), None
    except UnreadableJobError as error:
        return None, storable(str(error))
    except Exception as error:  # triggers are anybody's code
        return None, describe(error)
