"""A schedule in words: "every 5 seconds", "at 09:30, Monday to Friday".

The words follow from what the expressions match, not from how they are written: "0,15,30,45" is
every 15 minutes. Two schedules that match differently never get the same words. Where languages
differ in word order, there is one message to translate, with the parts as its parameters.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _

from countjobs.triggers.sentences.days import day_words, month_words, weekday_words
from countjobs.triggers.sentences.lists import has_run, numbers
from countjobs.triggers.sentences.matches import days, restricted, values
from countjobs.triggers.sentences.times import time_words
from countjobs.triggers.values import Days


def sentence(expressions: Mapping[str, str]) -> str:
    """The schedule of eight expressions, in the language that is active.

    Raises `CronFieldError` where one can't be read.
    """
    clock = [values(name, expressions[name]) for name in ("hour", "minute", "second")]
    months = restricted("month", expressions["month"])
    words = _on_days(
        *time_words(*clock),
        days(expressions["day"]),
        restricted("day_of_week", expressions["day_of_week"]),
        months,
    )
    return _in_years(
        _in_weeks(words, restricted("week", expressions["week"])),
        restricted("year", expressions["year"]),
    )


def _on_days(
    time: str, is_daily: bool, which: Days | None, weekdays: list[int], months: list[int]
) -> str:
    if which is not None:
        named = day_words(which, months, weekdays)
        return _("%(time)s on %(days)s") % {"time": time, "days": named}
    if weekdays:
        runs = has_run(weekdays)
        template = _("%(time)s, %(weekdays)s") if runs else _("%(time)s, every %(weekdays)s")
        words = template % {"time": time, "weekdays": weekday_words(weekdays)}
    else:
        words = _("%(time)s every day") % {"time": time} if is_daily else time
    if not months:
        return words
    return _("%(words)s in %(months)s") % {"words": words, "months": month_words(months)}


def _in_weeks(words: str, weeks: list[int]) -> str:
    if not weeks:
        return words
    template = (
        _("%(words)s in ISO week %(numbers)s")
        if len(weeks) == 1
        else _("%(words)s in ISO weeks %(numbers)s")
    )
    return template % {"words": words, "numbers": numbers(weeks)}


def _in_years(words: str, years: list[int]) -> str:
    if not years:
        return words
    return _("%(words)s, in %(years)s") % {"words": words, "years": numbers(years)}
