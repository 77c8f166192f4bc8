"""Watching jobs: which pause themselves after failures, and which have been silent for too long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from countjobs.database.batches import batches
from countjobs.database.primary import rows_of
from countjobs.database.turns import own_turn
from countjobs.history import lifecycle
from countjobs.models import Execution, JobDefinition, JobWatch
from countjobs.models.executions import FAILURES, Status
from countjobs.models.kinds import keys_by_kind
from countjobs.text import counted

_BATCH = 500
_COUNTED = (Status.SUCCEEDED, *FAILURES)
"""The ends that say how a job does. What was skipped, missed or cancelled says nothing."""


_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def follow_changes(model: type[JobDefinition], pks: Iterable[Any], now: datetime) -> None:
    """Definitions were written: end what waits for paused ones, and begin or end their watch.

    It is part of the transaction that wrote them.
    """
    for batch in batches(list(pks), _BATCH):
        there = rows_of(model).filter(pk__in=batch)
        rules = list(there.values_list("pk", "enabled", "pause_after", "most_silence"))
        paused = [model.job_id_of(pk) for pk, enabled, *_rest in rules if not enabled]
        if paused:
            lifecycle.end_waiting(paused, _("The job was paused."), now)
        watched = [model.job_id_of(pk) for pk, enabled, *limits in rules if enabled and any(limits)]
        _follow({model.job_id_of(pk) for pk in batch}, watched, now)


def _follow(job_ids: set[str], watched: list[str], now: datetime) -> None:
    """Keep the rows of the watched jobs, and of those that paused themselves."""
    known = dict(JobWatch.objects.filter(job_id__in=job_ids).values_list("job_id", "paused_at"))
    resumed = [job_id for job_id in watched if known.get(job_id)]
    new = [job_id for job_id in watched if job_id not in known]
    over = [
        job_id for job_id, paused_at in known.items() if job_id not in watched and not paused_at
    ]
    if resumed or over:
        JobWatch.objects.filter(job_id__in=[*resumed, *over]).delete()
    if rows := [JobWatch(job_id=job_id, counts_from=now) for job_id in (*resumed, *new)]:
        JobWatch.objects.bulk_create(rows, ignore_conflicts=True)


def follow_deletions(job_ids: Iterable[str], now: datetime) -> None:
    """Definitions were deleted: end what waits, and the watch."""
    for batch in batches(list(job_ids), _BATCH):
        lifecycle.end_waiting(batch, _("The job was deleted."), now)
        JobWatch.objects.filter(job_id__in=batch).delete()


def pause_failing(job_ids: Iterable[str], now: datetime) -> list[str]:
    """Pause those of these jobs that failed as often in a row as `pause_after` says.

    Returns a sentence for each. Raises django.db.Error.
    """
    return [
        line
        for model, pks in keys_by_kind(job_ids).items()
        for definition in rows_of(model).filter(pk__in=pks, enabled=True, pause_after__isnull=False)
        if (line := _pause_if_failing(definition, now))
    ]


def _pause_if_failing(definition: JobDefinition, now: datetime) -> str:
    most = definition.pause_after or 0
    watch = JobWatch.objects.filter(job_id=definition.job_id).first()
    ended = Execution.objects.filter(job_id=definition.job_id, status__in=_COUNTED)
    if watch is not None:
        ended = ended.filter(finished_at__gte=watch.counts_from)
    newest = list(ended.ends_of_chains().newest_first().values_list("status", flat=True)[:most])
    if len(newest) < most or Status.SUCCEEDED in newest:
        return ""
    with own_turn(), transaction.atomic():
        JobWatch.objects.update_or_create(
            job_id=definition.job_id,
            defaults={"paused_at": now, "paused_after": most, "silent_since": None},
            create_defaults={"counts_from": now, "paused_at": now, "paused_after": most},
        )
        manager = type(definition)._default_manager
        if not manager.filter(pk=definition.pk, enabled=True).update(enabled=False):
            transaction.set_rollback(True)  # somebody else was faster
            return ""
    return f'Job "{definition.name}" paused itself after {counted(most, "failure")} in a row.'


def look_for_silence(now: datetime) -> list[str]:
    """Note which watched jobs have become silent, and which no longer are. Returns a line each.

    If no job is watched, this is one query.
    """
    watches = {watch.job_id: watch for watch in JobWatch.objects.filter(paused_at__isnull=True)}
    limits = {
        model.job_id_of(pk): seconds
        for model, pks in keys_by_kind(watches).items()
        for batch in batches(pks, _BATCH)
        for pk, seconds in rows_of(model)
        .filter(pk__in=batch, enabled=True, most_silence__isnull=False)
        .values_list("pk", "most_silence")
    }
    # What succeeded last, and lately, needs no closer look: nearly all of them.
    last_good = {
        past.job_id: past.finished_at
        for batch in batches(list(limits), _BATCH)
        for past in Execution.objects.newest_of_each(batch, 1, ended=True)
        if past.status == Status.SUCCEEDED and past.finished_at
    }
    lines: list[str] = []
    for job_id, watch in watches.items():
        limit = timedelta(seconds=limits.get(job_id) or 0)
        is_fine = not limit or last_good.get(job_id, _LONG_AGO) > now - limit
        lines += _note(watch, None if is_fine else _silent_since(watch, limit, now))
    return lines


def _note(watch: JobWatch, since: datetime | None) -> Iterator[str]:
    if since == watch.silent_since:
        return
    JobWatch.objects.filter(pk=watch.pk).update(silent_since=since)
    if since is None:
        yield f'Job "{watch.job_id}" is no longer silent.'
    else:
        yield f'Job "{watch.job_id}" is silent: no success since {since:%Y-%m-%d %H:%M:%S %Z}.'


def _silent_since(watch: JobWatch, limit: timedelta, now: datetime) -> datetime | None:
    """Since when it has been silent; None if it isn't."""
    if watch.counts_from > now - limit:
        return None
    good = Execution.objects.filter(job_id=watch.job_id, status=Status.SUCCEEDED)
    # The index is by due times. A run finishes later, and rarely by more than the limit.
    if good.filter(scheduled_at__gte=now - 2 * limit, finished_at__gt=now - limit).exists():
        return None
    if watch.silent_since is not None:
        return watch.silent_since
    counted = good.filter(scheduled_at__gte=watch.counts_from).newest_first()
    last = counted.values_list("finished_at", flat=True).first()
    return max(last or watch.counts_from, watch.counts_from)
