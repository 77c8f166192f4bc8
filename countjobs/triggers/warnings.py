"""What a valid schedule warns of: clock changes, and runs every second."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from countjobs.triggers.bounded import BoundedTrigger
from countjobs.triggers.calendar import CronCalendar, WallCalendar
from countjobs.triggers.clocks import Transition, first_transition
from countjobs.triggers.intervals import DAY_SECONDS, IntervalTrigger
from countjobs.triggers.schedule import ScheduleTrigger
from countjobs.triggers.sentences.interval_words import clock

LOOK_AHEAD = timedelta(days=396)
"""More than a year: any period of that length contains both clock changes."""

_TICK = timedelta(microseconds=1)
_SECONDS = 60


@dataclass(frozen=True)
class ClockWarning:
    """Due times that one clock change skips or repeats."""

    change: Transition
    first: datetime
    """The first of them, as a wall."""
    count: int
    is_interval: bool
    """Whether it is an interval: if skipped it doesn't run, if repeated it runs each time."""
    merges: bool
    """Whether a skipped time is moved to a time that is due anyway."""

    def words(self) -> str:
        """What happens, in a sentence; see docs/time.md."""
        template = self._gap_words() if self.change.is_gap else self._fold_words()
        told = template % {
            "date": f"{self.first:%Y-%m-%d}",
            "time": clock(self.first),
            "instead": clock(self.first + self.change.length),
        }
        return " ".join(filter(None, (told, _and_others(self.count - 1))))

    def _gap_words(self) -> str:
        if self.is_interval:
            return _(
                "On %(date)s the clock skips %(time)s. This run is left out, because the field "
                "“hour” is an interval (* or */n)."
            )
        if self.merges:
            return _(
                "On %(date)s the clock skips %(time)s. The job would run at %(instead)s instead, "
                "but the schedule already has a run at %(instead)s. So it runs once."
            )
        return _("On %(date)s the clock skips %(time)s. The job runs at %(instead)s instead.")

    def _fold_words(self) -> str:
        if self.is_interval:
            return _("On %(date)s the clock shows %(time)s twice. The job runs both times.")
        return _("On %(date)s the clock shows %(time)s twice. The job runs only the first time.")


def schedule_warnings(trigger: BoundedTrigger, now: datetime) -> list[str]:
    """The warnings about a schedule, one sentence each. Pure, and quick for any schedule."""
    return [*_often(trigger), *_moved(trigger, now), *_clock_words(trigger, now)]


def _clock_words(trigger: BoundedTrigger, now: datetime) -> Iterator[str]:
    yield from (warning.words() for warning in clock_warnings(trigger, now))


def clock_warnings(trigger: BoundedTrigger, now: datetime) -> Iterator[ClockWarning]:
    """The first clock change that skips fire times and the first that repeats some, by date.

    A schedule for every hour simply goes on through both, so there is no warning. Neither is there
    one for what doesn't go by the clock.
    """
    calendar = _calendar_of(trigger)
    if calendar is None or (isinstance(calendar, CronCalendar) and calendar.names_no_hour):
        return
    told: set[bool] = set()
    change = first_transition(trigger.timezone, now, now + LOOK_AHEAD)
    while change is not None and len(told) < 2:  # noqa: PLR2004
        if change.is_gap not in told and (warning := _warning(trigger, calendar, now, change)):
            told.add(change.is_gap)
            yield warning
        change = first_transition(trigger.timezone, change.at, now + LOOK_AHEAD)


def _calendar_of(trigger: BoundedTrigger) -> WallCalendar | None:
    """The walls at which it is due; None if it doesn't go by the clock."""
    return trigger.calendar if isinstance(trigger, ScheduleTrigger | IntervalTrigger) else None


def _warning(
    trigger: BoundedTrigger, calendar: WallCalendar, now: datetime, change: Transition
) -> ClockWarning | None:
    """What a clock change does to a schedule. Gap and fold are both walls of the old offset."""
    first = change.at if change.is_gap else change.at - change.length
    end = first + change.length
    first = max(first, now + _TICK, trigger.start or first)
    end = min(end, trigger.end + _TICK) if trigger.end else end
    wall, end_wall = ((t + change.before).replace(tzinfo=None) for t in (first, end))
    count = calendar.count_walls(wall, end_wall)
    found = calendar.next_wall(wall) if count else None
    if found is None:
        return None
    moved = found + change.length
    merges = change.is_gap and calendar.next_wall(moved) == moved
    return ClockWarning(change, found, count, calendar.is_interval, merges)


def _and_others(count: int) -> str:
    if not count:
        return ""
    text = ngettext(
        "The same applies to %(count)s other run.",
        "The same applies to %(count)s other runs.",
        count,
    )
    return text % {"count": _number(count)}


def _moved(trigger: BoundedTrigger, now: datetime) -> Iterator[str]:
    """The first clock change that moves an interval which seems to name times of day."""
    if not isinstance(trigger, IntervalTrigger) or trigger.calendar or not _is_daily(trigger):
        return
    change = first_transition(trigger.timezone, now, now + LOOK_AHEAD)
    while change is not None and not change.length % trigger.every:
        change = first_transition(trigger.timezone, change.at, now + LOOK_AHEAD)
    if change is None or (trigger.end and trigger.end < change.at):
        return
    if change.is_gap:
        text = _(
            "On %(date)s the clock goes forward. An interval counts the time that passes, so from "
            "then on the job runs later by the clock, by %(minutes)d minutes."
        )
    else:
        text = _(
            "On %(date)s the clock goes back. An interval counts the time that passes, so from "
            "then on the job runs earlier by the clock, by %(minutes)d minutes."
        )
    date = f"{change.at.astimezone(trigger.timezone):%Y-%m-%d}"
    yield text % {"date": date, "minutes": change.length.total_seconds() // _SECONDS}


def _is_daily(trigger: IntervalTrigger) -> bool:
    """Whether it comes at the same times each day, as long as the clock isn't changed."""
    return not timedelta(seconds=DAY_SECONDS) % trigger.every


def _often(trigger: BoundedTrigger) -> Iterator[str]:
    if isinstance(trigger, IntervalTrigger) and trigger.every == timedelta(seconds=1):
        yield _every_second(DAY_SECONDS)
    if not isinstance(trigger, ScheduleTrigger):
        return
    hours, minutes, seconds = trigger.calendar.times_a_day()
    if seconds == _SECONDS:
        count = hours * minutes * seconds
        if minutes == _SECONDS:
            yield _every_second(count)
        else:
            text = _("The job runs every second of the chosen minutes: %(count)s runs a day.")
            yield text % {"count": _number(count)}


def _every_second(count: int) -> str:
    return _("The job runs every second: %(count)s runs a day.") % {"count": _number(count)}


def _number(count: int) -> str:
    return number_format(count, use_l10n=True, force_grouping=True)
