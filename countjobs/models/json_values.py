"""The fields of definitions as JSON, and back: for files, declarations, and parameters of runs."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import models

_MOST_DIGITS = 1_000


def json_value(field: models.Field[Any, Any], definition: models.Model) -> Any:
    """The value of a field, for JSON: dates in ISO 8601 and UTC, other types as text.

    Equal values are the same text.
    """
    value = field.value_from_object(definition)
    if isinstance(value, Decimal):
        return _bare(value)
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return value if isinstance(field, models.JSONField) else field.value_to_string(definition)


def set_from_json(definition: models.Model, name: str, value: Any) -> None:
    """Set a field, or a relation's column, from what JSON has for it: a date, say, is text there.

    Raises FieldDoesNotExist, and ValidationError for what the field can't hold.
    """
    field = definition._meta.get_field(name)
    setattr(definition, name, field.to_python(value) if isinstance(field, models.Field) else value)


def _bare(number: Decimal) -> str:
    """Without zeros at its end: a default of 2 comes back as 2.00 from the database.

    A file may hold a number with an exponent of a billion. That is written as it was.
    """
    if not number.is_finite() or not -_MOST_DIGITS < number.adjusted() < _MOST_DIGITS:
        return str(number)
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
