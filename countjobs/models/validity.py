"""What is checked of a definition beyond Django's own checks of fields."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.timezone import is_naive
from django.utils.translation import gettext_lazy as _

from countjobs.text import MOST_TEXT, validate_length, validate_text
from countjobs.triggers import LAST_YEAR

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MOMENT = datetime(LAST_YEAR, 12, 31, tzinfo=UTC)

ENDED = "ended"
"""The code of the ValidationError for a schedule that has ended."""


class ScheduleError(ValidationError):
    """The fields of a schedule are valid, but not together."""


def errors_to_show(
    invalid: ValidationError, schedule: Set[str], exclude: Set[str]
) -> dict[str, list[ValidationError]]:
    """What is wrong, by field.

    Errors of the schedule are left out if all its fields are excluded or one is wrong by itself. An
    error of the schedule at an excluded field goes to the whole: a form may lack that field.
    """
    by_field = invalid.error_dict
    wrong = {name for name, some in by_field.items() if not all(map(_is_of_schedule, some))}
    has_schedule = not schedule <= exclude and not schedule & wrong
    shown: dict[str, list[ValidationError]] = {}
    for name, some in by_field.items():
        for error in some:
            if not _is_of_schedule(error):
                shown.setdefault(name, []).append(error)
            elif has_schedule:
                place = NON_FIELD_ERRORS if name in exclude else name
                shown.setdefault(place, []).append(error)
    return shown


def _is_of_schedule(error: ValidationError) -> bool:
    return isinstance(error, ScheduleError)


def more_checks(
    definition: Any, exclude: Collection[str]
) -> Iterator[tuple[str, Callable[[], None]]]:
    """Check what Django's own checks of a field leave out, also for the fields of subclasses."""
    for field in definition._meta.concrete_fields:
        if field.name in exclude:
            continue
        value = getattr(definition, field.attname)
        if isinstance(value, str):
            yield field.name, partial(validate_text, value)
            yield field.name, partial(validate_length, value, field.max_length or MOST_TEXT)
    for name, check in definition.own_checks():
        if name not in exclude:
            yield name, check
    for name in ("start_date", "end_date", "run_at"):
        if name not in exclude and (value := getattr(definition, name)):
            yield name, partial(validate_moment, value)


def validate_moment(moment: datetime) -> None:
    """Check that a moment is in the years that schedules are searched. Raises ValidationError."""
    if is_naive(moment):
        raise ValidationError(_("The date has no time zone."), code="naive")
    if not EPOCH <= moment <= _LAST_MOMENT:
        raise ValidationError(
            _("The date must be between 1970 and %(year)d."),
            code="moment",
            params={"year": LAST_YEAR},
        )


def check_all(
    checks: Iterable[tuple[str, Callable[[], object]]], known: Mapping[str, Any] | None = None
) -> None:
    """Call checks of fields, those of each field until one fails.

    Raises ValidationError, which says what is wrong by field, with the errors that are `known`.
    """
    errors: dict[str, Any] = {**(known or {})}
    for name, check in checks:
        if name not in errors:
            try:
                check()
            except ValidationError as error:
                errors[name] = error.error_list
    if errors:
        raise ValidationError(errors)


def sentences(invalid: ValidationError) -> Iterator[str]:
    """What is wrong, one sentence each. A schedule that has ended is not a problem."""
    for name, errors in invalid.update_error_dict({}).items():
        for error in errors:
            if error.code != ENDED:
                where = "" if name == NON_FIELD_ERRORS else f"{name}: "
                yield from (f"{where}{message}" for message in error.messages)
