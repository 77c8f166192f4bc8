"""From JSON to the value of a field: as strict as the export, so that nothing is guessed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from countjobs.admin.transfer.format import AnyField, json_of
from countjobs.text import shown, validate_text

_TEXT: tuple[set[type], Any] = ({str}, _("text, in quotation marks"))
_EXPECTED: list[tuple[Any, set[type], Any]] = [
    (models.BooleanField, {bool}, _("true or false")),
    (models.IntegerField, {int}, _("a whole number")),
    (models.FloatField, {int, float}, _("a number")),
]
"""What stands for a field's values; text does for those of all others."""


def read_value(field: AnyField, value: Any) -> Any:
    """The value of a field that JSON stands for. It isn't validated. Raises ValidationError."""
    if value is None and not field.null:
        raise ValidationError(field.error_messages["null"], code="null")
    if value is None or isinstance(field, models.JSONField):
        return value
    types, expected = _expected(field)
    if type(value) not in types:
        raise _wrong(value, expected)
    try:
        return _in_utc(field.to_python(value))
    except (TypeError, ValueError, ArithmeticError) as error:  # beyond what Python can hold
        told = field.error_messages
        if invalid := told.get("invalid_datetime") or told.get("invalid"):
            params = {"value": shown(value)}
            raise ValidationError(invalid, code="invalid", params=params) from error
        raise _wrong(value, expected) from error


def read_key(field: AnyField, value: Any) -> Any:
    """The value of what a foreign key refers by. Raises ValidationError."""
    target: Any = field
    while target.is_relation:  # the key of a model may itself be a reference
        target = target.target_field
    key = target.clean(read_value(target, value), None)
    if isinstance(key, str):
        validate_text(key)
    return key


def _expected(field: AnyField) -> tuple[set[type], Any]:
    for kind, types, words in _EXPECTED:
        if isinstance(field, kind):
            return types, words
    return _TEXT


def _wrong(value: Any, expected: Any) -> ValidationError:
    return ValidationError(
        _("This must be %(expected)s, and is %(value)s."),
        code="type",
        params={"expected": expected, "value": shown(json_of(value))},
    )


def _in_utc(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    if value.utcoffset() is None:
        raise ValidationError(
            _("The date has no offset, such as the end of 2026-03-04T12:00:00+00:00."), code="naive"
        )
    return value.astimezone(UTC)
