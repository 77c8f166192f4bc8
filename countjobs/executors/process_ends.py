"""How a run is recorded whose worker process ended with it, or ended it."""

from __future__ import annotations

import signal
from datetime import timedelta

from django.utils import timezone

from countjobs.executors.messages import GRACE_SECONDS
from countjobs.executors.shared_memory import RunMemory
from countjobs.history.run_outcome import Outcome
from countjobs.models.executions import Status
from countjobs.run_context import Run, Stop
from countjobs.text import storable

ENDED_AT_START = "It ended at its start; the scheduler's log may say why."
ENDED_EARLY = "The worker process ended before it began with this run."
NOT_STARTED = "Its worker process had not begun with it."
UNREADABLE = "What its worker process has answered can't be read, so nobody knows how it went."
BY_SIGTERM = "It ended by SIGTERM."
_BY_SIGKILL = f"It did not end on SIGTERM, and was ended by SIGKILL {GRACE_SECONDS:g} s later."
_GONE = "Its worker process is gone, and nobody knows how it ended."
_WHY = {
    "SIGKILL": " The system does that when memory runs out.",
    "SIGSEGV": " A function in C has used memory that is not its own.",
}


def not_begun(run: Run, status: Status, error: str) -> Outcome:
    """The outcome of a run that no worker has begun."""
    now = timezone.now()
    return Outcome(status, run.execution_id, now, now, error=error)


def failed(run: Run, error: str) -> Outcome:
    """The outcome of a run whose worker could not do its part."""
    return not_begun(run, Status.FAILED, error)


def after_stop(outcome: Outcome, stop: Stop) -> None:
    """Say by what a run ended that was asked to stop, and has told how it ended."""
    if outcome.status == stop.status:
        outcome.error = f"{outcome.error} {BY_SIGTERM}"


def of_ended(run: Run, memory: RunMemory, code: int | None, seconds: float) -> Outcome:
    """The outcome of a run whose worker has ended, after so many seconds, without an answer."""
    finished_at = timezone.now()
    if run.stop is None:
        status, error = Status.FAILED, _crash(code)
    else:
        status, error = Status(run.stop.status), f"{run.stop.reason} {_end(code)}"
    return Outcome(
        status,
        run.execution_id,
        finished_at - timedelta(seconds=seconds),
        finished_at,
        error=error,
        traceback=storable(memory.fault),
    )


def _end(code: int | None) -> str:
    """By what a run ended that was asked to stop."""
    if code == -signal.SIGTERM:
        return BY_SIGTERM
    return _BY_SIGKILL if code == -signal.SIGKILL else _crash(code)


def _crash(code: int | None) -> str:
    if code is None:
        return _GONE
    if code >= 0:
        return f"Its worker process ended with exit status {code}."
    known = {each.value: each.name for each in signal.Signals}  # not those for real time
    name = known.get(-code, f"signal {-code}")
    return f"Its worker process was ended by {name}.{_WHY.get(name, '')}"
