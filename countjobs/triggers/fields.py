"""The eight cron expressions: what each may say, and the one way to write it down.

The language is APScheduler's own, and its classes parse it. What they let through by mistake is
refused here: their patterns for names match the beginning of an expression and ignore the rest, so
that `mon-fri/2` would mean `mon-fri`.
"""

from __future__ import annotations

import re
from typing import Any

from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.cron.expressions import WEEKDAYS, RangeExpression
from apscheduler.triggers.cron.fields import MAX_VALUES, MIN_VALUES, SEPARATOR, BaseField

CRON_DEFAULTS = {name: "*" for name in CronTrigger.FIELD_NAMES} | {"second": "0"}
"""What a blank expression means, by field name, in APScheduler's order."""

_WRAPPED = re.compile(r"([a-z]{3})-([a-z]{3})")


class CronFieldError(ValueError):
    """An expression that its field does not understand. The message says which, and why."""


def normalise_expression(name: str, text: str) -> str:
    """The expression as it is stored: checked, lower case, weekdays by name.

    A blank text becomes the field's default. Raises `CronFieldError`.
    """
    text = text.strip().lower()
    if not text:
        return CRON_DEFAULTS[name]
    return ",".join(_normalise_part(name, part) for part in SEPARATOR.split(text))


def _normalise_part(name: str, part: str) -> str:
    if not part:
        raise CronFieldError("There is nothing before or after a comma.")
    expression = _parse(name, part)
    if name == "day_of_week" and type(expression) is RangeExpression:
        return _weekday_names(expression)
    return str(expression)


def _parse(name: str, part: str) -> Any:
    compilers = CronTrigger.FIELDS_MAP[name].COMPILERS
    if not any(compiler.value_re.fullmatch(part) for compiler in compilers):
        raise CronFieldError(f"“{part}” is not understood.{_hint(name, part)}")
    try:
        return CronTrigger.FIELDS_MAP[name](name, part).expressions[0]
    except ValueError as error:
        raise CronFieldError(f"“{part}”: {_reason(error)}{_hint(name, part)}") from error


def _reason(error: ValueError) -> str:
    """APScheduler's words, as a sentence."""
    words = re.sub(r"^Error validating expression .*?: ", "", str(error))
    return words[:1].lower() + words[1:].rstrip(".") + "."


def _hint(name: str, part: str) -> str:
    """A way out of what is often meant, with a leading space."""
    if "/" in part and part[:1].isalpha():
        return " Steps go with numbers or *, not with names: write a list."
    if (wrapped := _WRAPPED.fullmatch(part)) and name in {"day_of_week", "month"}:
        return f" A range can't wrap around: write a list, such as “{wrapped[1]},{wrapped[2]}”."
    if name == "day_of_week" and part == "7":
        return " Weekdays are mon to sun; numbers are 0 (mon) to 6 (sun)."
    if name == "day_of_week" and part.startswith(("last", "1st", "2nd", "3rd", "4th", "5th")):
        return f" Positions in the month go into the field “day”: “{part}”."
    least, most = MIN_VALUES[name], MAX_VALUES[name]
    return "" if part[:1].isdigit() else f" Examples: “*”, “*/5”, “{least}-{most}”."


def _weekday_names(expression: RangeExpression) -> str:
    """Names for numbers, which count from Monday here and from Sunday in cron (APScheduler#286)."""
    last = 6 if expression.last is None else expression.last
    if not expression.step:
        names = [WEEKDAYS[expression.first], WEEKDAYS[last]]
        return "-".join(dict.fromkeys(names))
    return ",".join(WEEKDAYS[expression.first : last + 1 : expression.step])


def compile_field(name: str, text: str) -> BaseField:
    """APScheduler's own field of an expression. Raises `CronFieldError`."""
    return CronTrigger.FIELDS_MAP[name](name, normalise_expression(name, text))
