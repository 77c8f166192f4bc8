"""Logging a run that failed: one record, which Sentry and Django's mails to admins understand."""

from __future__ import annotations

import logging
import traceback
from types import TracebackType

from countjobs.history.run_outcome import Outcome
from countjobs.run_context import Run
from countjobs.text import set_in, visible


def log_failure(logger: logging.Logger, run: Run, outcome: Outcome) -> None:
    """Log a failure: a short message, the error as `exc_info`, and the run as attributes.

    The attributes of the record are `action`, `job_id`, `job_name`, `execution_id` and
    `scheduled_at`.
    """
    if not logger.isEnabledFor(logging.ERROR):
        return
    extra = {
        "action": "job_failed",
        "job_id": run.job_id,
        "job_name": run.job_name,
        "execution_id": run.execution_id,
        "scheduled_at": run.scheduled_at,
    }
    file, line, function, _stack = logger.findCaller()
    record = logger.makeRecord(
        logger.name,
        logging.ERROR,
        file,
        line,
        'Job "%s" raised an exception',
        (visible(run.job_name),),
        outcome.raised,
        function,
        extra,
    )
    # Formatters use this text. Theirs would begin with our frames, and a job's error may not let
    # itself be printed.
    text = outcome.traceback.rstrip()
    told = text if outcome.error in text else f"{text}\n{outcome.error}".lstrip("\n")
    record.exc_text = set_in(told)
    logger.handle(record)


def let_go(outcome: Outcome) -> None:
    """Drop the error, and the job's objects, which the frames of its traceback hold."""
    raised, outcome.raised = outcome.raised, None
    if raised is None:
        return
    _clear(raised[2])
    error: BaseException | None = raised[1]
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        _clear(error.__traceback__)
        error = error.__cause__ or error.__context__


def _clear(tb: TracebackType | None) -> None:
    traceback.clear_frames(tb)
    while tb:
        # Up to Python 3.12 a frame keeps its last `f_locals` until it is asked for them again.
        _ = tb.tb_frame.f_locals
        tb = tb.tb_next
