"""Announcing: sending signals about runs that have ended, and about changes of jobs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Sequence

from asgiref.sync import async_to_sync
from django.db import connection, transaction
from django.dispatch import Signal

from countjobs.history.run_outcome import Outcome
from countjobs.run_context import Run
from countjobs.signals import Change, RunEnd, run_ended
from countjobs.text import in_one_line

logger = in_one_line(logging.getLogger(__name__))


def announce(signal: Signal, changes: Sequence[Change]) -> None:
    """Tell the receivers of a signal. The caller has a transaction.

    What a receiver has written is undone if it raises; what the caller and other receivers write
    stays. Raises the receiver's error only if the whole transaction is lost with it.
    """
    if not changes or not signal.has_listeners():
        return
    for receiver in receivers_of(signal, Change):
        try:
            with transaction.atomic():
                receiver(signal=signal, sender=Change, changes=list(changes))
        except Exception:  # receivers are anybody's code
            if connection.needs_rollback:  # the database is away
                raise
            logger.exception("What listens to a change of a job's state failed.")


def tell_ended(outcomes: Iterable[Outcome], written: Collection[int]) -> None:
    """Tell who listens to `run_ended` of those outcomes that were written."""
    if not run_ended.has_listeners():
        return
    kept = set(written)
    runs = [_run_end(each.run, each) for each in outcomes if each.run and each.execution_id in kept]
    for receiver in receivers_of(run_ended, RunEnd) if runs else ():
        try:
            receiver(signal=run_ended, sender=RunEnd, runs=list(runs))
        except Exception:  # receivers are anybody's code
            logger.exception("What listens to the ends of runs failed.")


def receivers_of(signal: Signal, sender: type) -> list[Callable[..., object]]:
    """Who listens to this sender, each to be called by itself.

    `Signal.send` stops at the first error, and `send_robust` leaves a transaction in which a
    statement failed to the next receiver.
    """
    plain, coroutines = signal._live_receivers(sender)  # Django's own
    return [*plain, *map(async_to_sync, coroutines)]


def _run_end(run: Run, outcome: Outcome) -> RunEnd:
    return RunEnd(
        run.execution_id,
        run.job_id,
        run.job_name,
        outcome.status,
        run.attempt,
        run.scheduled_at,
        outcome.started_at,
        outcome.finished_at,
    )
