"""Telling of runs: lines in the log, and events for APScheduler's listeners."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import lru_cache

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, JobExecutionEvent
from apscheduler.schedulers.base import BaseScheduler

from countjobs.executors.failures import log_failure
from countjobs.history.run_outcome import Outcome
from countjobs.models.executions import Status
from countjobs.run_context import Run
from countjobs.text import set_in, visible


def log_start(logger: logging.Logger, run: Run) -> None:
    """Log that a run starts."""
    logger.info(
        'Running job "%s" (scheduled at %s)', visible(run.job_name), _shown(run.scheduled_at)
    )


def log_outcome(logger: logging.Logger, run: Run, outcome: Outcome) -> None:
    """Log how a run went: a line if it succeeded or was cancelled, else the failure."""
    if outcome.status == Status.SUCCEEDED:
        logger.info('Job "%s" executed successfully', visible(run.job_name))
    elif outcome.status == Status.CANCELLED:
        logger.warning('Job "%s": %s', visible(run.job_name), set_in(outcome.error))
    else:
        log_failure(logger, run, outcome)


def tell_listeners(scheduler: BaseScheduler, run: Run, outcome: Outcome) -> None:
    """Tell those who listen for APScheduler's events; usually nobody does."""
    if not scheduler._listeners:
        return
    is_good = outcome.status == Status.SUCCEEDED
    event = JobExecutionEvent(
        EVENT_JOB_EXECUTED if is_good else EVENT_JOB_ERROR,
        run.job_id,
        scheduler.jobstore_alias,
        run.scheduled_at,
        exception=outcome.raised and outcome.raised[1],
        traceback=outcome.traceback or None,
    )
    scheduler._dispatch_event(event)


@lru_cache(maxsize=64)
def _shown(instant: datetime) -> str:
    """An instant in the process's own zone. Many runs are due at the same one."""
    return f"{instant.astimezone():%Y-%m-%d %H:%M:%S %Z}"
