"""Triggers: from the eight cron fields to fire times, without the database.

The eight expressions describe wall times, that is, what a wall clock shows (`calendar`). A time
zone turns wall times into instants, by a stated rule for the hours that a clock change skips or
repeats (`zones`). `ScheduleTrigger` combines both with start, end and jitter (`bounded`), in the
form of an APScheduler trigger. `IntervalTrigger` and `OnceTrigger` do the same for intervals and
single moments. A “fire time” is an instant at which a schedule says to run.
"""

from countjobs.triggers.bounded import BoundedTrigger
from countjobs.triggers.catchup import Due, due_fires
from countjobs.triggers.expressions import (
    CRON_DEFAULTS,
    LAST_YEAR,
    CronFieldError,
    normalise_expression,
)
from countjobs.triggers.intervals import IntervalTrigger
from countjobs.triggers.once import OnceTrigger
from countjobs.triggers.schedule import ScheduleTrigger
from countjobs.triggers.zones import zone_names

__all__ = [
    "CRON_DEFAULTS",
    "LAST_YEAR",
    "BoundedTrigger",
    "CronFieldError",
    "Due",
    "IntervalTrigger",
    "OnceTrigger",
    "ScheduleTrigger",
    "due_fires",
    "normalise_expression",
    "zone_names",
]
