"""Intervals and single moments in words: "every 5 minutes", "every 3 days at 09:30"."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from countjobs.triggers.intervals import DAY_SECONDS
from countjobs.triggers.sentences.minutes import every_hours, every_minutes, every_seconds

_HOUR, _MINUTE = 3_600, 60


def interval_sentence(every: int, first: datetime) -> str:
    """An interval of so many seconds, in its largest unit.

    One of whole days is told with its time of day, that of its first wall. Where another one is
    counted from is left out.
    """
    if every % DAY_SECONDS == 0:
        return _days(every // DAY_SECONDS) % {"days": every // DAY_SECONDS, "time": clock(first)}
    if every % _HOUR == 0:
        return every_hours(every // _HOUR)
    if every % _MINUTE == 0:
        return every_minutes(every // _MINUTE)
    return every_seconds(every)


def once_sentence(wall: datetime) -> str:
    """A single moment, as the clock shows it."""
    return _("once, on %(date)s at %(time)s") % {"date": f"{wall:%Y-%m-%d}", "time": clock(wall)}


def _days(count: int) -> str:
    if count == 1:
        return _("every day at %(time)s")
    return _("every %(days)d days at %(time)s")


def clock(wall: datetime) -> str:
    """The time of day of a wall, with its seconds if there are any."""
    return f"{wall:%H:%M:%S}" if wall.second else f"{wall:%H:%M}"
