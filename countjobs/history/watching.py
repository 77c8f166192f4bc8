"""Watching jobs: which pause themselves after failures, and which have been silent for too long."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import Error, transaction
from django.utils.translation import gettext as _

from countjobs.database.batches import batches
from countjobs.database.primary import rows_of
from countjobs.database.turns import own_turn
from countjobs.history import lifecycle
from countjobs.models import Execution, JobDefinition, JobWatch
from countjobs.models.executions import FAILURES, Status
from countjobs.models.kinds import keys_by_kind
from countjobs.models.validity import EPOCH
from countjobs.text import counted, in_one_line

logger = in_one_line(logging.getLogger(__name__))

_BATCH = 500


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
        _follow({model.job_id_of(pk) for pk in batch}, watched, paused, now)


def _follow(job_ids: set[str], watched: list[str], paused: list[str], now: datetime) -> None:
    """Keep the rows of the watched jobs, and of those that paused themselves."""
    known = dict(JobWatch.objects.filter(job_id__in=job_ids).values_list("job_id", "paused_at"))
    resumed = [job_id for job_id in watched if known.get(job_id)]
    new = [job_id for job_id in watched if job_id not in known]
    # What paused itself says so until somebody resumes it.
    kept = {*watched, *(job_id for job_id in paused if known.get(job_id))}
    over = [job_id for job_id in known if job_id not in kept]
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

    What was skipped, missed or cancelled says nothing about how a job does. Returns a sentence for
    each. Raises django.db.Error.
    """
    lines = []
    for model, pks in keys_by_kind(job_ids).items():
        watched = rows_of(model).filter(pk__in=pks, enabled=True, pause_after__isnull=False)
        for definition in watched:
            try:
                line = _pause_if_failing(definition, now)
            except Error:
                raise
            except Exception:  # a definition's own code: the others go on
                logger.exception('Job "%s" can\'t be paused', definition.name)
                continue
            lines += [line] * bool(line)
    return lines


def _pause_if_failing(definition: JobDefinition, now: datetime) -> str:
    most = definition.pause_after or 0
    if not _fails(definition.job_id, most):
        return ""
    with own_turn(), transaction.atomic():
        # First the definition, then its watch, as in every other write: or two could deadlock.
        manager = type(definition)._default_manager
        if not manager.filter(pk=definition.pk, enabled=True).update(enabled=False):
            return ""  # somebody else was faster
        JobWatch.objects.update_or_create(
            job_id=definition.job_id,
            defaults={"paused_at": now, "paused_after": most, "silent_since": None},
            create_defaults={"counts_from": now, "paused_at": now, "paused_after": most},
        )
    return f'Job "{definition.name}" paused itself after {counted(most, "failure")} in a row.'


def _fails(job_id: str, most: int) -> bool:
    """Whether the last `most` ends of its chains are failures.

    However long its history is, it reads no more than the newest failures, by an index that holds
    nothing else, and what came after the oldest of these.
    """
    watch = JobWatch.objects.filter(job_id=job_id).first()
    counts_from = EPOCH if watch is None else watch.counts_from
    of_job = Execution.objects.filter(job_id=job_id)
    ends = of_job.ends_of_chains().only("job_id", "scheduled_at", "finished_at").newest_first()
    failures = [run for how in FAILURES for run in ends.filter(trouble=how)[:most]]
    failures.sort(key=lambda run: (run.scheduled_at, run.pk), reverse=True)
    newest = failures[:most]
    if len(newest) < most or any((run.finished_at or EPOCH) < counts_from for run in newest):
        return False
    good = of_job.after(newest[-1]).order_by("-scheduled_at", "-pk").filter(status=Status.SUCCEEDED)
    return not good.filter(finished_at__gte=counts_from)[:1]


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
        is_fine = not limit or last_good.get(job_id, EPOCH) > now - limit
        lines += _note(watch, None if is_fine else _silent_since(watch, limit, now))
    return lines


def _note(watch: JobWatch, since: datetime | None) -> Iterator[str]:
    if since == watch.silent_since:
        return
    unchanged = JobWatch.objects.filter(pk=watch.pk, silent_since=watch.silent_since)
    if not unchanged.update(silent_since=since):
        return  # another scheduler has noted it
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
