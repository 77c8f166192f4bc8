"""Carrying out one run: whatever it does, it ends as an outcome."""

from __future__ import annotations

import traceback
from collections.abc import Callable

from django.db import close_old_connections
from django.utils import timezone

from countjobs.executors.output import CappedText, captured
from countjobs.history.recorder import Outcome
from countjobs.history.text import storable
from countjobs.models.executions import Status

MOST_ERROR_CHARACTERS = 2_000


def carry_out(execution_id: int, call: Callable[[], object], most_bytes: int) -> Outcome:
    """Call a job, and tell how it went. Nothing that it raises, SystemExit included, gets out."""
    # As around a web request: connections that broke while the thread was idle are dropped.
    close_old_connections()
    started_at = timezone.now()
    with captured(most_bytes) as output:
        try:
            call()
        except BaseException as error:
            outcome = _failure(error, most_bytes)
        else:
            outcome = Outcome(Status.SUCCEEDED)
    outcome.execution_id = execution_id
    outcome.started_at, outcome.finished_at = started_at, timezone.now()
    outcome.output = output.value()
    close_old_connections()
    return outcome


def _failure(error: BaseException, most_bytes: int) -> Outcome:
    """The error and the traceback, chained causes too, from the job's own frame on."""
    tb = error.__traceback__
    shown = tb.tb_next if tb is not None else None
    text = CappedText(most_bytes)
    for line in traceback.TracebackException(type(error), error, shown).format():
        text.write(line)
    # Frames hold what the job held; let go of it.
    traceback.clear_frames(tb)
    return Outcome(Status.FAILED, error=_summary(error), traceback=text.value())


def _summary(error: BaseException) -> str:
    """The last line of a traceback, which copes even with errors that can't be printed."""
    lines = traceback.TracebackException(type(error), error, None).format_exception_only()
    return storable("".join(lines).strip())[:MOST_ERROR_CHARACTERS]
