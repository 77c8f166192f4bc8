"""Minutes of the hour, and seconds of the minute, in words."""

from __future__ import annotations

from django.utils.translation import gettext as _

from countjobs.triggers.sentences.lists import numbers
from countjobs.triggers.sentences.matches import step_of

_SIXTY = 60
_MANY = 5


def every_hours(step: int) -> str:
    """An interval."""
    return _("every hour") if step == 1 else _("every %(n)d hours") % {"n": step}


def every_minutes(step: int) -> str:
    """An interval."""
    return _("every minute") if step == 1 else _("every %(n)d minutes") % {"n": step}


def every_seconds(step: int) -> str:
    """An interval."""
    return _("every second") if step == 1 else _("every %(n)d seconds") % {"n": step}


def minute_words(minutes: list[int], seconds: list[int], *, from_is_told: bool = False) -> str:
    """When in an hour. With `from_is_told`, the first and the last time are named beside it."""
    if minutes == seconds == [0]:
        return every_hours(1)
    if len(seconds) == 1:
        words = _minutes(minutes, from_is_told=from_is_told)
        if seconds[0] == 0 or from_is_told:
            return words
        return _("%(words)s, at second %(second)d") % {"words": words, "second": seconds[0]}
    if len(minutes) == _SIXTY:
        return _seconds(seconds, from_is_told=from_is_told)
    template = (
        _("%(words)s in minute %(numbers)s of every hour")
        if len(minutes) == 1
        else _("%(words)s in minutes %(numbers)s of every hour")
    )
    return template % {
        "words": _seconds(seconds, from_is_told=False),
        "numbers": numbers(minutes),
    }


def _minutes(minutes: list[int], *, from_is_told: bool) -> str:
    step = _around(minutes)
    if step and _is_even(minutes, step, from_is_told=from_is_told):
        return every_minutes(step)
    if len(minutes) == 1 and from_is_told:
        return every_hours(1)
    if step and len(minutes) >= _MANY:
        return _("every %(n)d minutes from minute %(first)d of each hour") % {
            "n": step,
            "first": minutes[0],
        }
    template = (
        _("at minute %(numbers)s of every hour")
        if len(minutes) == 1
        else _("at minutes %(numbers)s of every hour")
    )
    return template % {"numbers": numbers(minutes)}


def _seconds(seconds: list[int], *, from_is_told: bool) -> str:
    step = _around(seconds)
    if step and _is_even(seconds, step, from_is_told=from_is_told):
        return every_seconds(step)
    if step and len(seconds) >= _MANY:
        return _("every %(n)d seconds from second %(first)d of each minute") % {
            "n": step,
            "first": seconds[0],
        }
    return _("at seconds %(numbers)s of every minute") % {"numbers": numbers(seconds)}


def _around(values: list[int]) -> int | None:
    """The step of values that go on to the end of the hour or minute, from the first step on."""
    step = step_of(values)
    return step if step and values[0] < step and values[-1] + step >= _SIXTY else None


def _is_even(values: list[int], step: int, *, from_is_told: bool) -> bool:
    """Whether the step goes on evenly past the end. Then it says all but where it begins."""
    return _SIXTY % step == 0 and (values[0] == 0 or from_is_told)
