"""Making the job store agree with the definitions, after raw SQL, a restored backup, a new key.

Most rows agree. So they are compared without a lock. Only those that disagree are locked, compared
again and written, in batches, each a transaction of its own. So no other writer waits for long.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from typing import Any

from django.db import Error, models, transaction
from django_apscheduler.models import DjangoJob

from countjobs.database.batches import batches
from countjobs.database.primary import rows_of
from countjobs.database.turns import own_turn
from countjobs.database.wakeups import notify
from countjobs.functions.callees import is_known
from countjobs.jobstores.keeping import kept_of_code
from countjobs.jobstores.neighbours import callees_told, kinds_told, known_kinds, neighbours
from countjobs.jobstores.parking import park, unpark
from countjobs.jobstores.questions import rows_from_code
from countjobs.jobstores.restoring import checked
from countjobs.jobstores.rows import RUN_DEFINITION, delete_rows, disagreeing, write_rows
from countjobs.jobstores.signing import ForeignJobError, UnreadableJobError, unseal
from countjobs.models import JobDefinition, ParkedJob
from countjobs.models.kinds import concrete_definitions, definition_key, has_callees
from countjobs.text import describe, storable

_BATCH = 200
"""Definitions. Writing so many rows takes about a tenth of a second."""


def sync(now: datetime) -> list[str]:
    """Mend every row that disagrees. Returns what was mended, a line each."""
    return [line for mended in sync_steps(lambda: now) for line in mended]


def sync_steps(clock: Callable[[], datetime]) -> Iterator[list[str]]:
    """The same, step by step, for callers that do other things in between, or stop early.

    Each step yields what it mended. Between two steps no transaction is open. If the table of a
    kind can't be read, all else is mended, and the error is raised at the end.
    """
    fault: Error | None = None
    for model in concrete_definitions():
        try:
            yield from _sync_kind(model, clock)
        except Error as error:
            fault = error
    yield _mend_others(clock())
    yield _forget_parked()
    if fault is not None:
        raise fault


def _sync_kind(model: type[JobDefinition], clock: Callable[[], datetime]) -> Iterator[list[str]]:
    pks = list(rows_of(model).order_by("pk").values_list("pk", flat=True))
    for batch in batches(pks, _BATCH):
        yield _mend(model, batch, clock())
    yield _delete_orphans(model)


def write_missing(model: type[JobDefinition], pks: list[Any], now: datetime) -> list[str]:
    """Write rows that have vanished. Returns a line each."""
    mended: list[str] = []
    for batch in batches(pks, _BATCH):
        with own_turn():
            mended += write_rows(model, batch, now)
    return mended


def look_again(now: datetime) -> list[str]:
    """Try some broken jobs again: those that are whole now go on. Returns what was mended.

    Jobs of kinds that aren't known here are left to others.
    """
    parked = ParkedJob.objects.to_look_at(now)
    for label in kinds_told() - set(known_kinds()):
        parked = parked.exclude(job_id__startswith=f"{label}:")
    job_ids = list(parked.values_list("job_id", flat=True)[:_BATCH])
    if not job_ids:
        return []
    mended = _look_at(job_ids, now)
    ParkedJob.objects.put_off(job_ids, now)
    return mended


def _look_at(job_ids: list[str], now: datetime) -> list[str]:
    mended: list[str] = []
    by_kind: defaultdict[type[JobDefinition], list[Any]] = defaultdict(list)
    for job_id in job_ids:
        if known := definition_key(job_id):
            by_kind[known[0]].append(known[1])
    fault: Error | None = None
    for model, pks in by_kind.items():
        try:
            mended += _mend(model, pks, now)
        except Error as error:
            fault = error
    mended += _mend_others(now, job_ids)
    if fault is not None and not mended:
        raise fault
    return mended


def _mend(model: type[JobDefinition], pks: list[Any], now: datetime) -> list[str]:
    """Rows of definitions that disagree with them, or are missing."""
    wrong = _without_newer(model, disagreeing(model, pks, now), now)
    if wrong := _without_callees_of_others(model, wrong, now):
        with own_turn():
            return write_rows(model, wrong, now)
    return []


def _without_newer(model: type[JobDefinition], pks: list[Any], now: datetime) -> list[Any]:
    """Those whose rows may be written. What another version wrote is left to it while it runs."""
    if not pks or not neighbours(now).differ:
        return pks
    rows = rows_of(DjangoJob).filter(id__in=[model.job_id_of(pk) for pk in pks])
    newer = {row.id for row in rows if _is_of_another_version(row)}
    return [pk for pk in pks if model.job_id_of(pk) not in newer]


def _without_callees_of_others(
    model: type[JobDefinition], pks: list[Any], now: datetime
) -> list[Any]:
    """Those that call what is known here, or nowhere. The others are left to who knows it."""
    if not pks or not has_callees(model):
        return pks
    callees = {each.pk: each.callee for each in rows_of(model).filter(pk__in=pks)}
    lacking = {pk: callee for pk, callee in callees.items() if not is_known(callee)}
    told = callees_told(now) if lacking else set()
    return [pk for pk in pks if lacking.get(pk) not in told]


def _is_of_another_version(row: DjangoJob) -> bool:
    try:
        checked(unseal(row.id, bytes(row.job_state)))
    except ForeignJobError:
        return False
    except UnreadableJobError:
        return True
    return False


def _delete_orphans(model: type[JobDefinition]) -> list[str]:
    """Rows of definitions that are gone."""
    rows = rows_of(DjangoJob).filter(id__startswith=model.job_id_of(""))
    # Read before the definitions: the row of one that is being created is not an orphan.
    job_ids = set(rows.values_list("id", flat=True))
    job_ids -= {model.job_id_of(pk) for pk in rows_of(model).values_list("pk", flat=True)}
    orphans = sorted(job_ids)
    delete_rows(orphans)
    return [f"{job_id}: deleted, because its definition is gone" for job_id in orphans]


def _mend_others(now: datetime, job_ids: list[str] | None = None) -> list[str]:
    """Jobs from code: park those that can't be restored, and let those go on that can be again.

    Only those with the ids given, if any are.
    """
    rows = rows_from_code().order_by("id")
    if job_ids is not None:
        rows = rows.filter(id__in=job_ids)
    if wrong := [row.id for row, *_ in _wrong(rows, now)]:
        with own_turn(), transaction.atomic():
            locked = DjangoJob.objects.select_for_update().order_by("id").filter(id__in=wrong)
            return _restore(list(_wrong(locked, now)), now)
    return []


def _forget_parked() -> list[str]:
    """Parked jobs whose rows are gone."""
    rows = rows_of(DjangoJob).filter(id=models.OuterRef("job_id"))
    gone = ParkedJob.objects.filter(~models.Exists(rows))
    job_ids = sorted(gone.values_list("job_id", flat=True))
    if job_ids:
        gone.filter(job_id__in=job_ids).delete()
    why = "because its row in the job store is gone"
    return [f"{job_id}: no longer listed as broken, {why}" for job_id in job_ids]


def _wrong(
    rows: models.QuerySet[DjangoJob], now: datetime
) -> Iterator[tuple[DjangoJob, datetime | None, str | None]]:
    """Rows that have to change, with when they run next, and what is wrong with them.

    They have to be parked, are parked for another reason, or need not be parked any more. Rows that
    others wrote, or may know, are left as they are.
    """
    parked = dict(ParkedJob.objects.values_list("job_id", "error"))
    others_live = cache(lambda: neighbours(now).live)
    for row in rows:
        was = parked.get(row.id)
        try:
            next_run_time, error = _restored(row, now, is_parked=was is not None)
        except ForeignJobError:
            continue
        except UnreadableJobError as unreadable:
            if was is None and others_live():
                continue  # if nobody takes it, the claim that can't read it parks it
            next_run_time, error = None, storable(str(unreadable))
        if error != was or next_run_time != row.next_run_time:
            yield row, next_run_time, error


def _restore(
    wrong: list[tuple[DjangoJob, datetime | None, str | None]], now: datetime
) -> list[str]:
    """Park jobs from code, or let them go on. Returns a line each."""
    mended = []
    for row, next_run_time, error in wrong:
        if error is None:
            unpark([row.id])
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
    """When a job runs next, or what is wrong with it. Raises UnreadableJobError."""
    job = unseal(row.id, bytes(row.job_state))
    if job.func_ref == RUN_DEFINITION:
        raise ForeignJobError("No installed app has this kind of definition.")
    checked(job)
    try:
        if not is_parked:
            return kept_of_code(job, row.next_run_time, now), None
        # So APScheduler marks a job that was paused before it broke.
        is_paused = job.next_run_time is None
        return None if is_paused else job.trigger.get_next_fire_time(None, now), None
    except Exception as error:  # triggers are anybody's code
        return None, describe(error)
