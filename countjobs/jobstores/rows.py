"""The one place that writes the job store's rows of definitions.

It listens to the signals of `countjobs.models`, and so runs in the transaction that wrote the
definitions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apscheduler.job import Job
from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.utils import timezone, translation
from django_apscheduler.models import DjangoJob

from countjobs.conf import DEFAULT_EXECUTOR, THREADS
from countjobs.database.batches import batches
from countjobs.database.primary import rows_of
from countjobs.database.wakeups import notify
from countjobs.history import watching
from countjobs.jobstores.keeping import kept_run_time, renamed_run_time
from countjobs.jobstores.parking import park, unpark
from countjobs.jobstores.signing import seal, unseal
from countjobs.models import JobDefinition, ParkedJob
from countjobs.text import describe, storable
from countjobs.triggers import CRON_DEFAULTS

RUN_DEFINITION = "countjobs.jobstores.rows:run_definition"
"""What the row of a definition calls, in APScheduler's notation."""

_BATCH = 500
_SEALED = frozenset(
    {
        *CRON_DEFAULTS,
        *("schedule_type", "every", "timezone", "jitter"),
        *("name", "executor", "misfire_grace_time", "coalesce", "max_instances"),
    }
)
"""The fields of a definition that its row's state holds unchanged: `job_of` has put them there.
Start and end are missing here, because `job_of` changes values that are out of bounds."""


def run_definition(label: str, pk: str) -> object:
    """Run the definition with this model label and key. Raises LookupError."""
    definition = load_definitions([(label, pk)]).get((label, pk))
    if definition is None:
        raise LookupError(f"There is no definition {label}:{pk}.")
    definition.hand_to_run()
    return definition.run()


def load_definitions(keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], JobDefinition]:
    """Definitions by model label and key, one query per model. Missing ones are left out."""
    by_label: dict[str, list[str]] = {}
    for label, pk in keys:
        by_label.setdefault(label, []).append(pk)
    return {
        (label, str(definition.pk)): definition
        for label, pks in by_label.items()
        for definition in _definitions_of(label, pks)
    }


def _definitions_of(label: str, pks: list[str]) -> Iterable[JobDefinition]:
    try:
        model: type[JobDefinition] = apps.get_model(label)
    except LookupError:
        return []  # its app was taken out of INSTALLED_APPS
    return rows_of(model).filter(pk__in=pks)


def definitions_changed(sender: type[JobDefinition], pks: Iterable[Any], **_: Any) -> None:
    """Write the rows of definitions that were written. A row that agrees is left alone."""
    now = timezone.now()
    with translation.override(settings.LANGUAGE_CODE):
        watching.follow_changes(sender, pks, now)
    write_rows(sender, list(pks), now)


def definitions_deleted(sender: type[JobDefinition], pks: Iterable[Any], **_: Any) -> None:
    """Delete the rows of definitions that were deleted. Their history stays."""
    job_ids = [sender.job_id_of(pk) for pk in pks]
    with translation.override(settings.LANGUAGE_CODE):
        watching.follow_deletions(job_ids, timezone.now())
    delete_rows(job_ids)
    notify()


def delete_rows(job_ids: list[str]) -> None:
    """Delete rows of the job store, and their entries among the broken jobs."""
    for batch in batches(job_ids, _BATCH):
        DjangoJob.objects.filter(id__in=batch).delete()
        ParkedJob.objects.filter(job_id__in=batch).delete()


def disagreeing(model: type[JobDefinition], pks: list[Any], now: datetime) -> list[Any]:
    """The keys of those definitions that `write_rows` would mend. This locks nothing.

    Whoever edits one meanwhile also writes its row.
    """
    with translation.override(settings.LANGUAGE_CODE):
        return [each.definition.pk for each in _news(model, pks, now, rows_of(DjangoJob))]


def write_rows(model: type[JobDefinition], pks: list[Any], now: datetime) -> list[str]:
    """Make the rows of definitions agree with them. Returns what was mended, a line each."""
    mended: list[str] = []
    for batch in batches(pks, _BATCH):
        with transaction.atomic(savepoint=False), translation.override(settings.LANGUAGE_CODE):
            # Errors are kept in the language of the installation, not of who saved last.
            mended += _write_batch(model, batch, now)
    if mended:
        notify()
    return mended


@dataclass(frozen=True)
class _Verdict:
    """How a definition's row has to change."""

    definition: JobDefinition
    row: DjangoJob | None
    """The row to write; None where the present one agrees."""
    error: str
    """Why it can't run."""
    was: str
    """Why it couldn't run before, as recorded."""

    def __str__(self) -> str:
        next_run_time = self.row and self.row.next_run_time
        outcome = f"next run at {next_run_time}" if next_run_time else "paused"
        if self.error:
            outcome = f"broken: {' '.join(self.error.splitlines())}"
        return f"{self.definition.job_id} ({self.definition.name}): {outcome}"


def _write_batch(model: type[JobDefinition], pks: list[Any], now: datetime) -> list[str]:
    # The lock makes an edit wait for a claim of the same row, and then see its result.
    news = _news(model, pks, now, DjangoJob.objects.select_for_update().order_by("id"))
    _store_rows([verdict.row for verdict in news if verdict.row is not None])
    park(
        [
            ParkedJob(job_id=verdict.definition.job_id, error=verdict.error, parked_at=now)
            for verdict in news
            if verdict.error
        ]
    )
    if whole := [each.definition.job_id for each in news if each.was and not each.error]:
        unpark(whole)
    return [str(verdict) for verdict in news]


def _news(
    model: type[JobDefinition], pks: list[Any], now: datetime, jobs: models.QuerySet[DjangoJob]
) -> list[_Verdict]:
    """What has to change."""
    ids = [model.job_id_of(pk) for pk in pks]
    rows = {row.id: row for row in jobs.filter(id__in=ids)}
    # Read after locking: that may have waited for another edit, or for a deletion.
    definitions = rows_of(model).filter(pk__in=pks).order_by("pk")
    errors = dict(ParkedJob.objects.filter(job_id__in=ids).values_list("job_id", "error"))
    verdicts = [
        _judge(definition, rows.get(job_id := definition.job_id), errors.get(job_id, ""), now)
        for definition in definitions
    ]
    return [each for each in verdicts if each.row is not None or each.error != each.was]


def _store_rows(rows: list[DjangoJob]) -> None:
    rows_of(DjangoJob).bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["next_run_time", "job_state"],
    )


def _judge(definition: JobDefinition, row: DjangoJob | None, was: str, now: datetime) -> _Verdict:
    try:
        sealed = _job_as_sealed(definition, row)
        error = "\n".join(definition.problems(_SEALED) if sealed else definition.problems())
        if not error:
            return _Verdict(definition, _row(definition, row, now, sealed), "", was)
    except Exception as raised:  # a subclass may override anything; the others go on
        error = describe(raised)
    return _Verdict(definition, _parked_row(definition, row), storable(error), was)


def _parked_row(definition: JobDefinition, row: DjangoJob | None) -> DjangoJob | None:
    """A row that never comes due, and keeps its state."""
    if row is not None and row.next_run_time is None:
        return None
    state = b"" if row is None else row.job_state
    return DjangoJob(id=definition.job_id, next_run_time=None, job_state=state)


def _job_as_sealed(definition: JobDefinition, row: DjangoJob | None) -> Job | None:
    """A definition's job, if its row's state is just that, and so was valid when it was sealed.

    Most rows agree, and knowing that saves most of the validation. None also if the schedule may
    not fire any more: then that has to be checked.
    """
    if row is None or (definition.enabled and row.next_run_time is None):
        return None
    if not _seals_its_fields(type(definition)):
        return None
    try:
        job, old = job_of(definition), unseal(row.id, bytes(row.job_state))
        return job if _options(old) == _options(job) else None
    except Exception:  # nobody has validated the fields; what is wrong is said elsewhere
        return None


def _seals_its_fields(model: type[JobDefinition]) -> bool:
    """Whether states hold all fields that were validated. A kind's own trigger may use others, and
    its own validation may differ from ours.
    """
    return (model.trigger, model.problems) == (JobDefinition.trigger, JobDefinition.problems)


def _row(
    definition: JobDefinition, row: DjangoJob | None, now: datetime, sealed: Job | None
) -> DjangoJob | None:
    job = sealed or job_of(definition)
    old = sealed or (None if row is None else _job_of_row(row))
    next_run_time = _kept_run_time(definition, job, row, old, now) or definition.next_fire_time(now)
    agrees = old is not None and (old is job or _options(old) == _options(job))
    if agrees and row is not None and row.next_run_time == next_run_time:
        return None
    return DjangoJob(id=definition.job_id, next_run_time=next_run_time, job_state=seal(job))


def _kept_run_time(
    definition: JobDefinition, job: Job, row: DjangoJob | None, old: Job | None, now: datetime
) -> datetime | None:
    """An edit that doesn't change the schedule doesn't move what is due; a new name, its jitter."""
    if row is None or old is None or not definition.enabled or row.next_run_time is None:
        return None
    kept: datetime = row.next_run_time
    if _schedule(old) == _schedule(job):
        return kept_run_time(job.trigger, kept, now)
    return renamed_run_time(job.trigger, old.trigger, kept)


def job_of(definition: JobDefinition) -> Job:
    """APScheduler's job of a valid definition."""
    label, _, pk = definition.job_id.partition(":")  # a key may hold one, a label can't
    job = Job.__new__(Job)
    job.__setstate__(
        {
            "version": 1,
            "id": definition.job_id,
            "func": RUN_DEFINITION,
            "trigger": definition.trigger(),
            "executor": DEFAULT_EXECUTOR if definition.executor == THREADS else definition.executor,
            "args": (label, pk),
            "kwargs": {},
            "name": definition.name,
            "misfire_grace_time": definition.misfire_grace_time,
            "coalesce": definition.coalesce,
            "max_instances": definition.max_instances,
            "next_run_time": None,  # the row's column has it
        }
    )
    return job


def _job_of_row(row: DjangoJob) -> Job | None:
    """The job of a row; None if it can't be restored, and the row has to be rewritten."""
    try:
        job = unseal(row.id, bytes(row.job_state))
        _options(job)
    except Exception:  # an earlier version's trigger, perhaps, that is half restored
        return None
    return job


def _schedule(job: Job) -> object:
    return job.trigger.__getstate__()


def _options(job: Job) -> Mapping[str, object]:
    return {**job.__getstate__(), "trigger": _schedule(job), "next_run_time": None}
