"""Carrying out one run: whatever it does, it ends as an outcome."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from django.db import DatabaseError, connections
from django.utils import timezone

from countjobs.executors.failures import let_go
from countjobs.executors.going import Going
from countjobs.executors.guards import ends_with_an_outcome, quietly
from countjobs.executors.output import CappedText, captured
from countjobs.history.recorder import Outcome
from countjobs.jobstores import restoring
from countjobs.models.executions import Status
from countjobs.text import describe

_logger = logging.getLogger(__name__)


@ends_with_an_outcome
def carry_out(
    execution_id: int, call: Callable[[], object], most_bytes: int, *, keep_error: bool = False
) -> Outcome:
    """Call a job, and tell how it went. Nothing that it raises, SystemExit included, gets out.

    With `keep_error` the outcome has the error itself, too; whoever asks for it lets it go.
    """
    callers = _tidy_connections()
    started_at = timezone.now()
    with captured(most_bytes) as output, Going(execution_id, output):
        try:
            call()
        except BaseException as error:
            outcome = _failure(error, most_bytes)
        else:
            outcome = Outcome(Status.SUCCEEDED)
        quietly(_leave_transactions, callers)
    outcome.execution_id = execution_id
    outcome.started_at, outcome.finished_at = started_at, timezone.now()
    outcome.output = output.value()
    if not keep_error:
        let_go(outcome)
    return outcome


def _tidy_connections() -> set[str]:
    """As before a web request: drop connections that broke while the thread was idle.

    Returns the aliases of those that are in a transaction, which is the caller's: `runjob` may be
    called inside of one.
    """
    callers = set()
    for connection in connections.all(initialized_only=True):
        if connection.in_atomic_block:
            callers.add(connection.alias)
        else:
            connection.close_if_unusable_or_obsolete()
    return callers


def _leave_transactions(callers: set[str]) -> None:
    """Roll back what the job left open: it would lock others out, on SQLite all of them."""
    for connection in connections.all(initialized_only=True):
        if connection.alias in callers or connection.connection is None:
            continue
        if connection.in_atomic_block or not connection.autocommit:
            _logger.warning("The job left a transaction open; it is rolled back")
            connection.close()
            # Django would keep this object closed until the block is left, which nobody will do.
            del connections[connection.alias]
            continue
        with suppress(DatabaseError):  # whatever broke it
            connection.rollback()  # what a BEGIN of the job's own began
        connection.close_if_unusable_or_obsolete()


def _job_frames(tb: TracebackType | None) -> TracebackType | None:
    """The frames from the job's own on."""
    shown = tb and tb.tb_next  # the first one is carry_out's
    while shown and shown.tb_frame.f_globals.get("__name__") == restoring.__name__:
        shown = shown.tb_next
    return shown


def _failure(error: BaseException, most_bytes: int) -> Outcome:
    """The error and the traceback, chained causes too, from the job's own frame on."""
    text = CappedText(most_bytes)
    tb = error.__traceback__
    try:
        for line in traceback.TracebackException(type(error), error, _job_frames(tb)).format():
            text.write(line)
    except Exception as fault:  # the error is an object of the job's, and may do anything
        text.write(f"The traceback can't be shown: {describe(fault)}\n")
    with suppress(Exception):  # our own frames would hold on to the outcome, and so to the error
        error.__traceback__ = _job_frames(tb)
    raised = (type(error), error, error.__traceback__)
    return Outcome(Status.FAILED, error=describe(error), traceback=text.value(), raised=raised)
