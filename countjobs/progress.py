"""How far a run has come, as its job tells it."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

MOST = 2**63 - 1
"""What fits a column."""


class Progress:
    """What a run has told last. Whoever reads it does so from another thread."""

    __slots__ = ("told",)

    def __init__(self) -> None:
        self.told: tuple[Any, Any] = (None, None)
        """Done, and of how many: in one object, so that they belong together."""

    def figures(self) -> tuple[int | None, int | None]:
        """Done and total as they may be stored and shown: whole, 0 or more, done within total.

        What is no number counts for nothing: no run fails for what it says of itself.
        """
        done, total = map(_whole, self.told)
        if done is None:
            return None, None
        return done, None if total is None else max(done, total)


current: ContextVar[Progress | None] = ContextVar("countjobs_progress", default=None)
"""Where the run of this thread tells how far it has come."""


def tell(done: int, total: int | None) -> None:
    """Note how far the run of this thread has come. Outside of a run nothing happens."""
    if (progress := current.get()) is not None:
        progress.told = (done, total)


def _whole(number: Any) -> int | None:
    try:
        return None if number is None else min(max(int(number), 0), MOST)
    except Exception:  # it is an object of the job's, and may do anything
        return None
