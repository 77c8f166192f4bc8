"""What follows runs that have ended: their next attempts, and runs that waited for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from countjobs.database.turns import own_turn
from countjobs.database.wakeups import notify
from countjobs.history import lifecycle
from countjobs.history.attempts import Verdict, rules_of, verdict
from countjobs.history.job_states import note_failures, note_successes
from countjobs.history.run_outcome import Outcome
from countjobs.models import Execution
from countjobs.models.executions import FAILURES, Status

_TRIED_AGAIN = frozenset({Status.FAILED, Status.TIMED_OUT})
_CHANGING = frozenset({Status.SUCCEEDED, *FAILURES})
"""How a run ends that changes whether its job fails."""


def record_with_follow_ups(outcomes: list[Outcome]) -> list[int]:
    """Write outcomes, queue the next attempts, and note which jobs fail or have recovered, in one
    transaction. Returns those written. Raises django.db.Error.

    It wakes the schedulers if an attempt may be due, or a run that waited for one of these.
    """
    with own_turn(), transaction.atomic():
        verdicts = _verdicts(outcomes)
        notes = {pk: found.sentence for pk, found in verdicts.items()}
        rows = [lifecycle.ended(each, notes.get(each.execution_id, "")) for each in outcomes]
        written = set(lifecycle.finish(rows))
        again = {
            each.execution_id: _not_before(each, found)
            for each in outcomes
            if (found := verdicts.get(each.execution_id)) is not None
            and found.follows
            and each.execution_id in written
        }
        _queue(again)
        over = [each for each in outcomes if each.execution_id in written - again.keys()]
        failed = [each.execution_id for each in over if each.status in FAILURES]
        note_failures(failed, timezone.now())
        note_successes(_last_successes(over))
        if any(each.follow_up for each in outcomes):
            notify()
    return list(written)


def _last_successes(outcomes: Iterable[Outcome]) -> list[tuple[str, int]]:
    """The job and the key of each run that succeeded, unless a later one of its job failed."""
    last = {each.run.job_id: each for each in outcomes if each.run and each.status in _CHANGING}
    return [
        (job_id, each.execution_id)
        for job_id, each in last.items()
        if each.status == Status.SUCCEEDED
    ]


def _verdicts(outcomes: list[Outcome]) -> dict[int, Verdict]:
    wrong = [each for each in outcomes if each.follow_up and each.status in _TRIED_AGAIN]
    if not wrong:
        return {}
    rules = rules_of(each.follow_up.job_id for each in wrong if each.follow_up)
    cancelled = _cancelled(wrong)
    return {
        each.execution_id: verdict(
            each.follow_up.attempt,
            each.status,
            rules.get(each.follow_up.job_id),
            gives_up=each.gives_up,
            cancelled=each.execution_id in cancelled,
            try_after=each.try_after,
        )
        for each in wrong
        if each.follow_up
    }


def _cancelled(outcomes: list[Outcome]) -> set[int]:
    """Those that somebody asked to stop. They are locked: whoever asks from now on is told that the
    run has ended.
    """
    runs = Execution.objects.filter(pk__in=[each.execution_id for each in outcomes])
    locked = runs.select_for_update().order_by("pk").values_list("pk", "cancel_requested_at")
    return {pk for pk, asked_at in locked if asked_at is not None}


def _not_before(outcome: Outcome, found: Verdict) -> datetime:
    ended = outcome.finished_at or timezone.now()
    return ended + timedelta(seconds=found.delay or 0)


def _queue(follow: Mapping[int, datetime]) -> None:
    if follow:
        ended = Execution.objects.filter(pk__in=list(follow)).defer("output", "traceback")
        lifecycle.retry([lifecycle.Again(run, follow[run.pk]) for run in ended])
