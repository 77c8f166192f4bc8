"""Days, weekdays and months in words."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from countjobs.triggers.sentences.lists import both, is_series, names, numbers, ranges
from countjobs.triggers.values import Days

_POSITIONS = (
    pgettext_lazy("weekday of the month", "1st"),
    pgettext_lazy("weekday of the month", "2nd"),
    pgettext_lazy("weekday of the month", "3rd"),
    pgettext_lazy("weekday of the month", "4th"),
    pgettext_lazy("weekday of the month", "5th"),
    pgettext_lazy("weekday of the month", "last"),
)


def weekday_words(weekdays: list[int]) -> str:
    """Weekdays; 0 is Monday."""
    return names(weekdays, lambda number: str(WEEKDAYS[number]))


def month_words(months: list[int]) -> str:
    """Months; 1 is January."""
    return names(months, lambda number: str(MONTHS[number]))


def day_words(days: Days, months: list[int], weekdays: list[int]) -> str:
    """Days of the month, of some months, if they are certain weekdays; [] for any."""
    named = both(list(_each(days)))
    if months:
        words = _("%(days)s of %(months)s") % {"days": named, "months": month_words(months)}
    else:
        words = _("%(days)s of the month") % {"days": named}
    if not weekdays:
        return words
    return _("%(days)s if it is %(weekdays)s") % {
        "days": words,
        "weekdays": weekday_words(weekdays),
    }


def _each(days: Days) -> Iterator[str]:
    found = list(days.numbers)
    is_alone = not days.has_last and not days.positions
    if found and (is_alone or is_series(found)):
        yield _numbered(found)
    else:
        yield from map(_numbered, ranges(found))
    if days.has_last:
        yield _("the last day")
    for which, weekday in days.positions:
        yield _("the %(which)s %(weekday)s") % {
            "which": _POSITIONS[which],
            "weekday": WEEKDAYS[weekday],
        }


def _numbered(days: list[int]) -> str:
    template = _("day %(numbers)s") if len(days) == 1 else _("days %(numbers)s")
    return template % {"numbers": numbers(days)}
