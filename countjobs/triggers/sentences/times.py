"""The time of day in words, on a 24-hour clock."""

from __future__ import annotations

from itertools import product

from django.utils.translation import gettext as _

from countjobs.triggers.sentences.lists import both, numbers, runs
from countjobs.triggers.sentences.matches import step_of
from countjobs.triggers.sentences.minutes import (
    every_hours,
    every_minutes,
    every_seconds,
    minute_words,
)

_HOURS = 24
_FEW = 4
_FEW_SPANS = 3
_THRICE = 3


def time_words(hours: list[int], minutes: list[int], seconds: list[int]) -> tuple[str, bool]:
    """When in a day, and whether that is only a part of it, so that "every day" makes sense."""
    if len(hours) == _HOURS:
        return minute_words(minutes, seconds), False
    clock = _Clock(hours, minutes, seconds)
    if len(minutes) == len(seconds) == 1 and (words := clock.around()):
        return words, False
    return clock.few() or clock.series() or clock.spans() or clock.in_hours(), True


class _Clock:
    """Ways to name times of day in some hours. Each gives "" if it doesn't fit."""

    def __init__(self, hours: list[int], minutes: list[int], seconds: list[int]) -> None:
        self.hours, self.minutes, self.seconds = hours, minutes, seconds

    def around(self) -> str:
        """Hours at even distances around the clock."""
        step = step_of(self.hours)
        if not step or _HOURS % step or len(self.hours) != _HOURS // step:
            return ""
        if len(self.hours) < _THRICE:
            return ""
        words = every_hours(step)
        if self.hours[0] == self.minutes[0] == self.seconds[0] == 0:
            return words
        first = self._time(self.hours[0], self.minutes[0], self.seconds[0])
        return _("%(words)s, from %(first)s on") % {"words": words, "first": first}

    def few(self) -> str:
        """Times, one by one; many of them, too, if there is no shorter way."""
        count = len(self.hours) * len(self.minutes) * len(self.seconds)
        is_fixed = len(self.minutes) == len(self.seconds) == 1
        is_short = step_of(self.hours) or all(len(run) >= _THRICE for run in runs(self.hours))
        if count > _FEW and (not is_fixed or is_short):
            return ""
        times = (self._time(*time) for time in product(self.hours, self.minutes, self.seconds))
        return _("at %(times)s") % {"times": both(list(times))}

    def series(self) -> str:
        """Hours, minutes of one hour, or seconds of one minute, at even distances."""
        parts = (self.hours, self.minutes, self.seconds)
        several = [part for part in parts if len(part) > 1]
        if len(several) > 1 or not (step := step_of(several[0])):
            return ""
        every = (every_hours, every_minutes, every_seconds)[parts.index(several[0])]
        return self._spanned(every(step), [self.hours])

    def spans(self) -> str:
        """Hours in a row."""
        spans = runs(self.hours)
        if len(spans) > _FEW_SPANS:
            return ""
        return self._spanned(minute_words(self.minutes, self.seconds, from_is_told=True), spans)

    def in_hours(self) -> str:
        """Any hours."""
        words = {
            "words": minute_words(self.minutes, self.seconds),
            "numbers": numbers(self.hours),
        }
        return _("%(words)s in hours %(numbers)s") % words

    def _spanned(self, words: str, spans: list[list[int]]) -> str:
        told = [
            _("from %(first)s to %(last)s")
            % {
                "first": self._time(hours[0], self.minutes[0], self.seconds[0]),
                "last": self._time(hours[-1], self.minutes[-1], self.seconds[-1]),
            }
            for hours in spans
        ]
        return _("%(words)s %(spans)s") % {"words": words, "spans": both(told)}

    def _time(self, hour: int, minute: int, second: int) -> str:
        if self.seconds == [0]:
            return f"{hour:02}:{minute:02}"
        return f"{hour:02}:{minute:02}:{second:02}"
