"""How long runs took relative to the longest one, for the drawings that compare them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from countjobs.models import Execution
from countjobs.models.newest_runs import Past


def longest(runs: Iterable[Execution | Past]) -> timedelta | None:
    """The longest duration; None where no run has one."""
    return max((run.duration for run in runs if run.duration is not None), default=None)


def share(took: timedelta | None, most: timedelta | None) -> float:
    """What share of the longest duration a run took, from 0 to 1.

    It is 0 for a run that never started, and for a negative duration, after a clock was set back.
    """
    if took is None or most is None or took <= timedelta():
        return 0.0
    return took / most
