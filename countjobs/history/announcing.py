"""Announcing: sending signals about runs that have ended, and about changes of jobs."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence

from django.db import transaction
from django.dispatch import Signal

from countjobs.database.outages import AWAY
from countjobs.history.run_outcome import Outcome
from countjobs.run_context import Run
from countjobs.signals import Change, RunEnd, run_ended
from countjobs.text import in_one_line

logger = in_one_line(logging.getLogger(__name__))


def announce(signal: Signal, changes: Sequence[Change]) -> None:
    """Tell the receivers of a signal. The caller has a transaction.

    What a receiver has written is undone if it raises; the caller's own writes stay. Raises
    django.db.Error only if the database is away.
    """
    if not changes or not signal.has_listeners():
        return
    try:
        with transaction.atomic():
            signal.send(sender=Change, changes=list(changes))
    except AWAY:
        raise
    except Exception:  # receivers are anybody's code
        logger.exception("What listens to a change of a job's state failed.")


def tell_ended(outcomes: Iterable[Outcome], written: Collection[int]) -> None:
    """Tell who listens to `run_ended` of those outcomes that were written."""
    if not run_ended.has_listeners():
        return
    kept = set(written)
    runs = [_run_end(each.run, each) for each in outcomes if each.run and each.execution_id in kept]
    try:
        run_ended.send(sender=RunEnd, runs=runs)
    except Exception:  # receivers are anybody's code
        logger.exception("What listens to the ends of runs failed.")


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
