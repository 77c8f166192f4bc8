"""Carrying out one run: whatever it does, it ends as an outcome."""

from __future__ import annotations

import traceback
from contextlib import suppress
from contextvars import copy_context
from types import TracebackType

from django.utils import timezone

from countjobs.capped import CappedText
from countjobs.executors import calling
from countjobs.executors.calling import call_job
from countjobs.executors.failures import let_go
from countjobs.executors.guards import ends_with_an_outcome
from countjobs.executors.output import Capture
from countjobs.executors.sessions import leave_connections, tidy_connections
from countjobs.history.recorder import Outcome
from countjobs.jobstores import restoring
from countjobs.lasting import quietly
from countjobs.models.executions import Status
from countjobs.run_context import Run, RunContext
from countjobs.text import describe

_CALLERS = calling.CALLERS | restoring.CALLERS


@ends_with_an_outcome
def carry_out(run: Run, most_bytes: int, *, keep_error: bool = False) -> Outcome:
    """Call a job, and tell how it went. Nothing that it raises, SystemExit included, gets out.

    It runs in a context of its own: what it sets there, such as Django's language and time zone,
    or the precision of decimals, meets no other run. With `keep_error` the outcome has the error
    itself, too; whoever asks for it lets it go.
    """
    callers = tidy_connections()
    started_at = timezone.now()
    output = CappedText(most_bytes)
    Capture.mend()
    with RunContext(run, output):
        try:
            copy_context().run(call_job, run.call)
        except BaseException as error:
            outcome = _failure(error, most_bytes)
        else:
            outcome = Outcome(Status.SUCCEEDED)
        quietly(leave_connections, callers)
    outcome.execution_id = run.execution_id
    outcome.started_at, outcome.finished_at = started_at, timezone.now()
    outcome.output = output.value()
    if not keep_error:
        let_go(outcome)
    return outcome


def _job_frames(tb: TracebackType | None) -> TracebackType | None:
    """The frames from the job's own on: those after the last function of ours that calls jobs."""
    shown = tb
    while tb:
        if tb.tb_frame.f_code in _CALLERS:
            shown = tb.tb_next
        tb = tb.tb_next
    return shown


def _failure(error: BaseException, most_bytes: int) -> Outcome:
    """The error and the traceback, chained causes too, from the job's own frame on."""
    text = CappedText(most_bytes)
    tb = error.__traceback__
    try:
        for line in traceback.TracebackException(type(error), error, _job_frames(tb)).format():
            text.write(line)
    except BaseException as fault:  # the error is an object of the job's, and may do anything
        text.write(f"The traceback can't be shown: {describe(fault)}\n")
    with suppress(BaseException):  # our frames would hold on to the outcome, and so to the error
        error.__traceback__ = _job_frames(tb)
    raised = (type(error), error, error.__traceback__)
    return Outcome(Status.FAILED, error=describe(error), traceback=text.value(), raised=raised)
