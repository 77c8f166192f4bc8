"""The run that code is part of: each run has one object, kept in a context variable.

Contexts are handed on to the tasks of an async job, and to forked children. Threads that a job
starts have a context of their own, and so are part of no run.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any

from countjobs.capped import CappedText

MOST = 2**63 - 1
"""The greatest number that the database column can hold."""


_PUBLIC = "countjobs.api"
"""Where jobs import the exceptions from. Pages and logs show this name."""


class StopRun(BaseException):
    """Raised inside of a run that is to stop: its time limit has passed, or it was cancelled.

    It is no `Exception`, so that a job's `except Exception` doesn't swallow it.
    """

    __module__ = _PUBLIC


class GiveUp(Exception):  # noqa: N818  # jobs raise it as an order
    """Raise it in a job: the run fails, and is not tried again."""

    __module__ = _PUBLIC


class TryLater(Exception):  # noqa: N818  # jobs raise it as an order
    """Raise it in a job: the run fails, and its next attempt begins after so many seconds.

    It takes the place of the definition's delay, and counts as one of its `retries`: without any
    left there is no next attempt. Raises ValueError for what is no number of seconds.
    """

    __module__ = _PUBLIC

    def __init__(self, seconds: float) -> None:
        try:
            is_sound = 0 <= seconds < math.inf
        except Exception:  # it is no number
            is_sound = False
        if not is_sound:
            raise ValueError(f"TryLater takes a number of seconds, 0 or more, not {seconds!r}.")
        super().__init__(f"Try again in {seconds} s.")
        self.seconds = seconds

    def __reduce__(self) -> tuple[type[TryLater], tuple[float]]:
        """Pickle it by its seconds: a run in another process may raise it."""
        return type(self), (self.seconds,)


@dataclass(frozen=True)
class Stop:
    """Why a run is to stop before it has ended."""

    status: str
    """The status that it ends with: timed out, or cancelled."""
    reason: str
    """A sentence."""


@dataclass
class Run:
    """A run that is claimed: its execution is in the history, and it is ours to start."""

    execution_id: int
    job_id: str
    job_name: str
    scheduled_at: datetime
    call: Callable[[], object]
    attempt: int = 1
    """1 for the first one. Each further attempt after a failure, or after a loss, is one higher."""
    time_limit: int | None = None
    """The seconds after which the run is ended. None: it has no limit."""
    has_rules: bool = False
    """Whether something may follow its end: a retry, a run that waits for it, or a pause."""
    stop: Stop | None = field(default=None, compare=False)
    """Set when the run is to stop."""
    is_given_up: bool = field(default=False, compare=False)
    """Whether its end has been recorded although its thread goes on."""

    @property
    def should_stop(self) -> bool:
        """Whether the run is to stop: its time limit has passed, or somebody cancelled it."""
        return self.stop is not None

    def check(self) -> None:
        """Raise StopRun if the run is to stop. Call it often: it costs next to nothing."""
        if self.stop is not None:
            raise StopRun(self.stop.reason)


class RunContext:
    """A run while it goes on: which one it is, its output so far, and its progress.

    Other threads read it without a lock. A `with` block makes it the current one; that is written
    out, because a generator would cost each run more.
    """

    __slots__ = ("_token", "interrupt", "output", "run", "told")

    def __init__(self, run: Run | None, output: CappedText | None) -> None:
        self.run = run
        self.output = output
        """Where to keep what the run prints and logs. None: it is not kept."""
        self.told: tuple[Any, Any] = (None, None)
        """The progress, as the job told it: done, and of how many. One object, so that the two
        belong together."""
        self.interrupt: Callable[[], object] | None = None
        """Interrupts what the run awaits. Any thread may call it. None: it awaits nothing."""
        self._token: Token[RunContext]

    def __enter__(self) -> None:
        self._token = current.set(self)
        if self.run is not None:
            GOING[self.run.execution_id] = self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.run is not None:
            GOING.pop(self.run.execution_id, None)
        current.reset(self._token)

    def progress(self) -> tuple[int | None, int | None]:
        """Done and total as they may be stored and shown: whole, 0 or more, done within total.

        Whatever is not a number is left out: no run fails because of the progress it tells.
        """
        done, total = map(whole, self.told)
        if done is None:
            return None, None
        return done, None if total is None else max(done, total)


NO_RUN = RunContext(None, None)
"""The context in which code outside of any run finds itself. Progress that is reported to it is
ignored.
"""

current: ContextVar[RunContext] = ContextVar("countjobs_run", default=NO_RUN)

GOING: dict[int, RunContext] = {}
"""The runs going on in this process, by execution. Each adds and removes itself, without a lock."""


def current_run() -> Run | None:
    """The run that this code is part of: its job, its execution, and the time it was due.

    None outside of a run, and in threads that a job starts. Under `runjob` the execution's id is 0:
    it is recorded when the run has ended.
    """
    return current.get().run


def progress(done: int, total: int | None = None) -> None:
    """Tell how far the current run has come: `done` of `total`, in units of your choice.

    The run's page shows it, about a second later. Call it as often as you like: it costs next to
    nothing. Outside of a run it does nothing, nor in threads that a run starts.

    Raises StopRun if the run is to stop, and nothing else, whatever it is given.
    """
    if (context := current.get()) is not NO_RUN:
        context.told = (done, total)
        if context.run is not None:
            context.run.check()


def whole(number: Any) -> int | None:
    """A number of a job's as it may be stored: whole, 0 or more. None for what is no number."""
    try:
        return None if number is None else min(max(int(number), 0), MOST)
    except Exception:  # it is an object of the job's, and may do anything
        return None
