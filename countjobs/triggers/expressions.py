"""The eight cron expressions: what each may contain, and its normal form.

The syntax is APScheduler's own, and its classes parse it. What they accept by mistake is refused
here: their patterns for names match the beginning of an expression and ignore the rest, so that
`mon-fri/2` would mean `mon-fri`.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache
from typing import Any

from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.cron.expressions import (
    MONTHS,
    WEEKDAYS,
    RangeExpression,
    WeekdayPositionExpression,
)
from apscheduler.triggers.cron.fields import MAX_VALUES, MIN_VALUES, SEPARATOR
from django.utils.translation import gettext as _

LAST_YEAR = 2199
"""Searches end with this year. Otherwise, an expression that matches nothing, such as 31 February,
would be searched for up to the year 9999."""

CRON_DEFAULTS = dict.fromkeys(CronTrigger.FIELD_NAMES, "*") | {"second": "0"}
"""What a blank expression means, by field name, in APScheduler's order."""

_NUMBERS = re.compile(r"\d+(-\d+)?(/\d+)?")
_POSITIONS = tuple(WeekdayPositionExpression.options)


class CronFieldError(ValueError):
    """An expression that its field can't read. The message says which, and why."""


@lru_cache(maxsize=5_000)  # many schedules are alike, and each is read often
def normalise_expression(name: str, text: str) -> str:
    """The expression as it is stored: checked, lower case, weekdays by name, no repetitions.

    A blank text becomes the field's default. The normal form is no longer than the text or, for
    weekdays, than 255 characters. Raises `CronFieldError`.
    """
    parts = [each for part in parse(name, text) for each in _normal_parts(name, part)]
    return ",".join(dict.fromkeys(parts))


@lru_cache(maxsize=2_000)
def parse(name: str, text: str) -> tuple[Any, ...]:
    """APScheduler's own parts of an expression, not to be changed. Raises `CronFieldError`."""
    parts = SEPARATOR.split(text.strip().lower() or CRON_DEFAULTS[name])
    return tuple(_parse(name, part) for part in parts)


def _normal_parts(name: str, expression: Any) -> list[str]:
    if name == "day_of_week" and type(expression) is RangeExpression:
        return _weekday_names(expression)
    return [str(expression)]


@lru_cache(maxsize=5_000)
def _parse(name: str, part: str) -> Any:
    if not part:
        raise CronFieldError(_("Something is missing before or after a comma."))
    compilers = CronTrigger.FIELDS_MAP[name].COMPILERS
    if any(compiler.value_re.fullmatch(part) for compiler in compilers):
        with suppress(ValueError):
            return _within_searches(name, CronTrigger.FIELDS_MAP[name](name, part).expressions[0])
    message = _("“%(part)s” is not understood.") % {"part": part}
    raise CronFieldError(f"{message} {_hint(name, part)}".rstrip())


def _within_searches(name: str, expression: Any) -> Any:
    """The expression. Raises an error if a year is too late to be searched."""
    named = (getattr(expression, end, None) for end in ("first", "last"))
    if any(value is not None and value > _most(name) for value in named):
        raise ValueError(expression)
    return expression


def _weekday_names(expression: RangeExpression) -> list[str]:
    """Names for numbers: 0 is Monday here and Sunday in cron (APScheduler#286)."""
    last = 6 if expression.last is None else expression.last
    if expression.step:
        return list(WEEKDAYS[expression.first : last + 1 : expression.step])
    return ["-".join(dict.fromkeys([WEEKDAYS[expression.first], WEEKDAYS[last]]))]


def _most(name: str) -> int:
    return LAST_YEAR if name == "year" else int(MAX_VALUES[name])


def _hint(name: str, part: str) -> str:
    """Advice for what people often mean."""
    if part[:1].isalpha() and "/" in part:
        return _("Steps work with numbers or *, not with names. Write a list instead.")
    if name == "day_of_week" and part == "7":
        return _("Weekdays are mon to sun; numbers are 0 (mon) to 6 (sun).")
    if name == "day_of_week" and part.startswith(_POSITIONS):
        return _("Write “%(part)s” in the field “day”, not here.") % {"part": part}
    return _hint_of_range(name, part)


def _hint_of_range(name: str, part: str) -> str:
    least, most = MIN_VALUES[name], _most(name)
    bounds = {"least": least, "most": most, "difference": most - least}
    if split := _split_backwards(name, part):
        return _("A range can't go backwards. Write “%(list)s”.") % {"list": split}
    if _NUMBERS.fullmatch(part) or part.startswith("*/"):
        return (
            _(
                "Values go from %(least)s to %(most)s. In the range"
                " %(least)s-%(most)s, a step can be from 1 to %(difference)s."
            )
            % bounds
        )
    return _("Examples: “*”, “*/5”, “%(least)s-%(most)s”.") % bounds


def _split_backwards(name: str, part: str) -> str:
    """Two ranges for one that goes backwards, such as `fri-mon` or `22-2`; otherwise nothing."""
    values = {"month": MONTHS, "day_of_week": WEEKDAYS}.get(name, [])
    numbers = [str(number) for number in range(MIN_VALUES[name], _most(name) + 1)]
    first, dash, last = part.partition("-")
    for known in (values, numbers):
        if dash and first in known and last in known:
            return f"{first}-{known[-1]},{known[0]}-{last}"
    return ""
