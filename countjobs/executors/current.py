"""What a job may ask about its own run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from countjobs.jobstores.claimed import Run

_current: ContextVar[Run | None] = ContextVar("countjobs_run", default=None)


def current_run() -> Run | None:
    """The run that this code is part of: its job, its execution, and the time it was due.

    None outside of a run, and in threads that a job starts. Under `runjob` the execution's id is 0:
    it is recorded when the run has ended.
    """
    return _current.get()


@contextmanager
def running(run: Run) -> Iterator[None]:
    """Make a run the current one of this thread."""
    token = _current.set(run)
    try:
        yield
    finally:
        _current.reset(token)
