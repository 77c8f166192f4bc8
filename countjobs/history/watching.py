"""Watching jobs: what follows when definitions are written, and which jobs pause themselves."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import Error, transaction
from django.utils.translation import gettext as _

from countjobs.database.batches import batches
from countjobs.database.primary import rows_of
from countjobs.database.turns import own_turn
from countjobs.history import job_states, lifecycle
from countjobs.history.announcing import announce
from countjobs.models import Execution, JobDefinition, JobWatch
from countjobs.models.executions import FAILURES, Status
from countjobs.models.kinds import keys_by_kind
from countjobs.models.validity import EPOCH
from countjobs.signals import Change, job_paused_itself
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
            job_states.forget(paused)
        watched = [model.job_id_of(pk) for pk, enabled, *limits in rules if enabled and any(limits)]
        _follow({model.job_id_of(pk) for pk in batch}, watched, paused, now)


def _follow(job_ids: set[str], watched: list[str], paused: list[str], now: datetime) -> None:
    """Keep the rows of the watched jobs, and of those that paused themselves."""
    rows = JobWatch.objects.filter(job_id__in=job_ids)
    known = dict(rows.values_list("job_id", "paused_at"))
    resumed = [job_id for job_id in watched if known.get(job_id)]
    new = [job_id for job_id in watched if job_id not in known]
    # What paused itself says so until somebody resumes it.
    kept = {*watched, *(job_id for job_id in paused if known.get(job_id))}
    # And what is silent, by the setting SILENT_AFTER, until it succeeds.
    silent = rows.filter(silent_since__isnull=False).values_list("job_id", flat=True)
    kept |= set(silent) - set(paused) if known else set()
    over = [job_id for job_id in known if job_id not in kept]
    if resumed or over:
        JobWatch.objects.filter(job_id__in=[*resumed, *over]).delete()
    if begun := [JobWatch(job_id=job_id, counts_from=now) for job_id in (*resumed, *new)]:
        JobWatch.objects.bulk_create(begun, ignore_conflicts=True)


def follow_deletions(job_ids: Iterable[str], now: datetime) -> None:
    """Definitions were deleted: end what waits, and the watch."""
    for batch in batches(list(job_ids), _BATCH):
        lifecycle.end_waiting(batch, _("The job was deleted."), now)
        job_states.forget(batch)
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
    newest = _newest_of_failures(definition.job_id, most)
    if newest is None:
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
        sentence = _("It failed %(most)d times in a row.") % {"most": most}
        change = Change(definition.job_id, definition.name, now, newest, sentence)
        announce(job_paused_itself, [change])
    return f'Job "{definition.name}" paused itself after {counted(most, "failure")} in a row.'


def _newest_of_failures(job_id: str, most: int) -> int | None:
    """The newest run, if the last `most` ends of its chains are failures.

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
        return None
    good = of_job.after(newest[-1]).order_by("-scheduled_at", "-pk").filter(status=Status.SUCCEEDED)
    return None if good.filter(finished_at__gte=counts_from)[:1] else newest[0].pk
