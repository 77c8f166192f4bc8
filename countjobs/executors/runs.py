"""Carrying out one run: whatever happens, it ends with an outcome."""

from __future__ import annotations

import asyncio
import logging
import math
import sys
import traceback
from contextlib import suppress
from contextvars import copy_context
from dataclasses import replace
from types import TracebackType
from typing import Any

from django.utils import timezone

from countjobs.capped import CappedText
from countjobs.executors import calling
from countjobs.executors.calling import call_job
from countjobs.executors.failures import let_go
from countjobs.executors.output import Capture
from countjobs.executors.sessions import leave_connections, tidy_connections
from countjobs.history.run_outcome import Outcome
from countjobs.jobstores import restoring
from countjobs.lasting import quietly
from countjobs.models.executions import Status
from countjobs.run_context import GiveUp, Run, RunContext, Stop, StopRun, TryLater
from countjobs.text import describe, storable

logger = logging.getLogger(__name__)

_STOPPED = (StopRun, asyncio.CancelledError)
"""What a run raises only because it was stopped."""
_CALLERS = calling.CALLERS | restoring.CALLERS


def carry_out(
    run: Run, most_bytes: int, *, keep_error: bool = False, context: RunContext | None = None
) -> Outcome:
    """Call a job, and tell how it went. Nothing that it raises gets out, not even SystemExit.

    The job runs in a context of its own. What it sets there, such as Django's language and time
    zone or the precision of decimals, does not reach other runs. With `keep_error` the outcome
    also holds the error itself; whoever asks for it has to let it go. The `context` keeps the
    output and the progress; without one they are kept in this process's own memory.
    """
    started_at = timezone.now()
    try:
        outcome = _carry_out(run, most_bytes, context)
    except BaseException as fault:  # ours, or of what we call: log handlers, streams
        quietly(logger.exception, "A run could not be carried out.")
        outcome = Outcome(
            Status.FAILED,
            error=f"The scheduler could not carry out this run: {describe(fault)}",
            traceback=storable(_formatted(fault)),
        )
    outcome.execution_id = run.execution_id
    outcome.started_at, outcome.finished_at = started_at, timezone.now()
    if not keep_error:
        let_go(outcome)
    return outcome


def _carry_out(run: Run, most_bytes: int, context: RunContext | None) -> Outcome:
    callers = tidy_connections()
    context = context or RunContext(run, CappedText(most_bytes))
    Capture.mend()
    with context:
        try:
            copy_context().run(call_job, run.call)
        except BaseException as error:
            outcome = _failure(error, most_bytes)
        else:
            outcome = Outcome(Status.SUCCEEDED)
        quietly(leave_connections, callers)
    if run.stop is not None:
        outcome = _stopped(outcome, run.stop)
    outcome.output = context.output.value() if context.output else ""
    return outcome


def _failure(error: BaseException, most_bytes: int) -> Outcome:
    """The error and its traceback, from the job's own frame on, with the errors that caused it."""
    text = CappedText(most_bytes)
    tb = error.__traceback__
    try:
        for line in traceback.TracebackException(type(error), error, _job_frames(tb)).format():
            text.write(line)
    except BaseException as fault:  # the error is an object of the job's, and may do anything
        text.write(f"The traceback can't be shown: {describe(fault)}\n")
    with suppress(BaseException):  # our frames would hold on to the outcome, and so to the error
        error.__traceback__ = _job_frames(tb)
    outcome = Outcome(Status.FAILED, error=describe(error), traceback=text.value())
    outcome.raised = (type(error), error, error.__traceback__)
    with suppress(BaseException):  # as above
        outcome.gives_up = isinstance(error, GiveUp)
        outcome.try_after = _seconds_of(error) if isinstance(error, TryLater) else None
    return outcome


def _seconds_of(order: TryLater) -> float | None:
    """The seconds of TryLater: a plain number of any size. None for what is none.

    A job may give any kind of number, and a class of its own may give anything.
    """
    seconds: Any = order.seconds
    if not 0 <= seconds < math.inf:
        return None
    try:
        return float(seconds)
    except OverflowError:  # an integer; the longest delay that is allowed is far below
        return sys.float_info.max


def _stopped(outcome: Outcome, stop: Stop) -> Outcome:
    """The outcome of a run that was asked to stop before it ended.

    A run that was cancelled, and did all its work nevertheless, has succeeded. One that is over its
    time limit has timed out, however it ended.
    """
    if outcome.status == Status.SUCCEEDED and stop.status == Status.CANCELLED:
        return outcome
    own_error = outcome.raised is not None and not isinstance(outcome.raised[1], _STOPPED)
    error = f"{stop.reason} {outcome.error}" if own_error else stop.reason
    return replace(outcome, status=Status(stop.status), error=error)


def _job_frames(tb: TracebackType | None) -> TracebackType | None:
    """The frames from the job's own on: those after the last function of ours that calls jobs."""
    shown = tb
    while tb:
        if tb.tb_frame.f_code in _CALLERS:
            shown = tb.tb_next
        tb = tb.tb_next
    return shown


def _formatted(fault: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(fault))
    except BaseException:  # it may be of the job's making
        return ""
