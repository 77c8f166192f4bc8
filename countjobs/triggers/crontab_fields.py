"""One field of a crontab line: from cron's notation to ours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from apscheduler.triggers.cron.expressions import MONTHS, WEEKDAYS
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from countjobs.text import shown
from countjobs.triggers.crontab_hints import hint_for

_PART = re.compile(r"(?:\*|(?P<first>[a-z0-9]+)(?:-(?P<last>[a-z0-9]+))?)(?:/(?P<step>\d{1,9}))?")
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_RUN = 3
"""If at least this many weekdays follow each other, they are written as a range."""


class CrontabError(ValueError):
    """A line without a meaning here. The message says why, and what to write instead."""


@dataclass(frozen=True)
class Part:
    """The values that one part of a field's list names."""

    values: range
    is_star: bool


@dataclass(frozen=True)
class CrontabField:
    """A field: its name here, its title for people, its bounds, and the names of its values."""

    name: str
    title: Any
    least: int
    most: int
    names: tuple[str, ...] = ()
    """The names of the values from `least` on."""

    def translate(self, text: str) -> str:
        """The expression that means the same here. Raises `CrontabError`."""
        if self.name == "day" and text.lower() == "l":
            return "last"
        parts = [self._part(part) for part in text.lower().split(",")]
        if self.name == "day_of_week":
            return _weekdays({value % 7 for part in parts for value in part.values})
        return ",".join(dict.fromkeys(map(self._expression, parts)))

    def _expression(self, part: Part) -> str:
        values = part.values
        if len(values) == 1:
            return str(values[0])
        body = "*" if part.is_star else f"{values.start}-{values.stop - 1}"
        return body if values.step == 1 else f"{body}/{values.step}"

    def _part(self, part: str) -> Part:
        found = _PART.fullmatch(part)
        if not found:
            raise self._refusal(part, hint_for(part))
        step = int(found["step"] or 1)
        if step == 0:
            raise self._refusal(part, _("A step must be 1 or more."))
        if found["first"] is None:
            return Part(range(self.least, self.most + 1, step), is_star=True)
        first, last = self._ends(part, found["first"], found["last"])
        if found["step"] and found["last"] is None:
            given, every = found["first"], f"{found['first']}-{self.most}/{step}"
            raise self._refusal(
                part,
                _("Not every cron reads this the same way. Write “%(every)s” or “%(given)s”.")
                % {"every": every, "given": given},
            )
        return Part(range(first, last + 1, step), is_star=False)

    def _ends(self, part: str, first_text: str, last_text: str | None) -> tuple[int, int]:
        first = self._value(part, first_text)
        last = first if last_text is None else self._value(part, last_text)
        if last_text == "sun" and first > last:
            last = self.most  # the week begins on Monday, so as a number it must be 7
        if first > last:
            hint = _("A range can't go backwards. Write “%(list)s”.")
            raise self._refusal(part, hint % {"list": self._split(first, last)})
        return first, last

    def _split(self, first: int, last: int) -> str:
        """Two ranges for one that goes backwards. Weeks end on Sunday, which is 7, and 0."""
        least = 1 if self.name == "day_of_week" else self.least
        ranges = [(first, self.most), (least, last)]
        texts = [str(a) if a == b else f"{a}-{b}" for a, b in ranges if a <= b]
        return ",".join(texts)

    def _value(self, part: str, text: str) -> int:
        if text in self.names:
            return self.least + self.names.index(text)
        if not _NUMBER.fullmatch(text):
            raise self._refusal(part, self._hint_of_name(text) or hint_for(part))
        if not self.least <= int(text) <= self.most:
            bounds = {"least": self.least, "most": self.most}
            raise self._refusal(part, _("Values go from %(least)s to %(most)s.") % bounds)
        return int(text)

    def _hint_of_name(self, text: str) -> str:
        short = text[:3]
        if short in self.names:
            return _("Names have three letters. Write “%(name)s”.") % {"name": short}
        return ""

    def _refusal(self, part: str, hint: str) -> CrontabError:
        words = {"field": capfirst(self.title), "part": shown(part)}
        message = _("%(field)s: “%(part)s” is not understood.") % words
        return CrontabError(f"{message} {hint}")


def _weekdays(numbers: set[int]) -> str:
    """Names instead of numbers, where 0 is Sunday, in the order of a week that begins on Monday."""
    given = [name for number, name in enumerate(WEEKDAYS, start=1) if number % 7 in numbers]
    if len(given) == len(WEEKDAYS):
        return "*"
    first, last = WEEKDAYS.index(given[0]), WEEKDAYS.index(given[-1])
    if len(given) >= _RUN and last - first + 1 == len(given):
        return f"{given[0]}-{given[-1]}"
    return ",".join(given)


FIELDS = (
    CrontabField("minute", gettext_lazy("minute"), 0, 59),
    CrontabField("hour", gettext_lazy("hour"), 0, 23),
    CrontabField("day", gettext_lazy("day of the month"), 1, 31),
    CrontabField("month", gettext_lazy("month"), 1, 12, tuple(MONTHS)),
    CrontabField("day_of_week", gettext_lazy("day of the week"), 0, 7, ("sun", *WEEKDAYS[:6])),
)
"""The five fields, in the order of a line."""
