"""Which jobs have become silent: they have had no success for too long.

A definition may say how long that is (`most_silence`). Of the others, `silence_by_schedule` finds
those that have had none for several of their due times.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, OuterRef, Subquery

from countjobs.conf import Conf
from countjobs.database.batches import batches
from countjobs.database.primary import rows_of
from countjobs.database.turns import own_turn
from countjobs.history.announcing import announce
from countjobs.history.silence_by_schedule import silent_by_schedule
from countjobs.models import Execution, JobWatch
from countjobs.models.executions import Status
from countjobs.models.kinds import keys_by_kind
from countjobs.models.validity import EPOCH
from countjobs.signals import Change, job_no_longer_silent, job_silent

_BATCH = 500


def look_for_silence(now: datetime) -> list[str]:
    """Note which jobs have become silent, and which no longer are. Returns a line each.

    Raises django.db.Error.
    """
    watches = {watch.job_id: watch for watch in JobWatch.objects.filter(paused_at__isnull=True)}
    limits = {
        model.job_id_of(pk): seconds
        for model, pks in keys_by_kind(watches).items()
        for batch in batches(pks, _BATCH)
        for pk, seconds in rows_of(model)
        .filter(pk__in=batch, enabled=True)
        .values_list("pk", "most_silence")
        if seconds is not None
    }
    # What succeeded last, and lately, needs no closer look: nearly all of them.
    last_good = {
        past.job_id: past.finished_at
        for batch in batches(list(limits), _BATCH)
        for past in Execution.objects.newest_of_each(batch, 1, ended=True)
        if past.status == Status.SUCCEEDED and past.finished_at
    }
    lines: list[str] = []
    for job_id, seconds in limits.items():
        limit = timedelta(seconds=seconds)
        is_fine = last_good.get(job_id, EPOCH) > now - limit
        since = None if is_fine else _silent_since(watches[job_id], limit, now)
        lines += _note(watches[job_id], since)
    lines += _look_by_schedule(watches, limits, now)
    return lines


def _look_by_schedule(
    watches: dict[str, JobWatch], limits: Collection[str], now: datetime
) -> Iterator[str]:
    """The same for the jobs without a limit of their own."""
    silent = {
        watch.job_id: watch
        for watch in watches.values()
        if watch.silent_since and watch.job_id not in limits
    }
    over = {job_id for job_id, watch in silent.items() if not watch.is_by_schedule}
    if not Conf.load().silent_after:
        over = set(silent)
    for job_id in sorted(over | _succeeded_since(silent)):
        yield from _note(silent[job_id], None)
    for job_id, since in silent_by_schedule(now):
        if job_id not in silent:
            watch = watches.get(job_id) or JobWatch(job_id=job_id, counts_from=now)
            yield from _note(watch, since, is_by_schedule=True)


def _succeeded_since(job_ids: Iterable[str]) -> set[str]:
    """Those of these silent jobs that have succeeded since. What was skipped after that is newer,
    and changes nothing.
    """
    good = Execution.objects.filter(job_id=OuterRef("job_id"), status=Status.SUCCEEDED)
    last = Subquery(good.newest_first().values("finished_at")[:1])
    return {
        job_id
        for batch in batches(sorted(job_ids), _BATCH)
        for job_id in JobWatch.objects.filter(job_id__in=batch)
        .alias(last_good=last)
        .filter(last_good__gt=F("silent_since"))
        .values_list("job_id", flat=True)
    }


def _note(
    watch: JobWatch, since: datetime | None, *, is_by_schedule: bool = False
) -> Iterator[str]:
    if since == watch.silent_since:
        return
    with own_turn(), transaction.atomic():
        JobWatch.objects.bulk_create(
            [JobWatch(job_id=watch.job_id, counts_from=watch.counts_from)], ignore_conflicts=True
        )
        unchanged = JobWatch.objects.filter(
            pk=watch.pk, silent_since=watch.silent_since, paused_at=None
        )
        if not unchanged.update(silent_since=since, is_by_schedule=is_by_schedule):
            return  # another scheduler has noted it
        signal = job_no_longer_silent if since is None else job_silent
        announce(signal, [Change(watch.job_id, since=since or watch.silent_since)])
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
