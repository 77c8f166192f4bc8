"""From JSON to the values of fields, and to the rows that foreign keys mean.

It is as strict as the export: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import MultipleObjectsReturned, ObjectDoesNotExist, ValidationError
from django.db import DataError, models, router, transaction
from django.utils.translation import gettext_lazy as _

from countjobs.database.batches import batches
from countjobs.text import shown, validate_text
from countjobs.transfer.format import AnyField, has_natural_key, json_of

_BATCH = 10_000
"""Keys in one statement. SQLite takes 32,766 values."""

_TEXT: tuple[set[type], Any] = ({str}, _("text, in quotation marks"))
_EXPECTED: list[tuple[Any, set[type], Any]] = [
    (models.BooleanField, {bool}, _("true or false")),
    (models.IntegerField, {int}, _("a whole number")),
    (models.FloatField, {int, float}, _("a number")),
]
"""The JSON types of fields. All other fields are text."""


def read_value(field: AnyField, value: Any) -> Any:
    """The value of a field from JSON. It isn't validated. Raises ValidationError."""
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
    """The value of the key that a foreign key refers to. Raises ValidationError."""
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
        _("This must be %(expected)s, not %(value)s."),
        code="type",
        params={"expected": expected, "value": shown(json_of(value))},
    )


def _in_utc(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    if value.utcoffset() is None:
        raise ValidationError(
            _("The date has no UTC offset. Example of a date with one: 2026-03-04T12:00:00+00:00."),
            code="naive",
        )
    return value.astimezone(UTC)


class References:
    """The rows that entries refer to by one foreign key.

    One query finds all rows given by primary key. Each natural key takes one, however often it is
    used.
    """

    def __init__(self, field: Any, values: Iterable[Any]) -> None:
        self._field = field
        self._name: str = self._field.target_field.attname
        self._keys: dict[str, Any] = {}
        self._errors: dict[str, ValidationError] = {}
        for value in values:
            if (text := json_of(value)) not in self._keys and text not in self._errors:
                self._look_up(text, value)
        self._rows = self._allowed()

    def row(self, value: Any) -> Any:
        """The row for one of the values. Raises ValidationError."""
        text = json_of(value)
        if text in self._errors:
            raise self._errors[text]
        if (key := self._keys[text]) not in self._rows:
            raise self._missing(value)
        return self._rows[key]

    def _look_up(self, text: str, value: Any) -> None:
        try:
            natural = isinstance(value, list) and has_natural_key(self._field)
            self._keys[text] = self._by_name(value) if natural else read_key(self._field, value)
        except ValidationError as error:
            self._errors[text] = error

    def _by_name(self, names: list[Any]) -> Any:
        model: Any = self._field.related_model
        try:
            with transaction.atomic():
                manager = model._default_manager.db_manager(router.db_for_write(model))
                return getattr(manager.get_by_natural_key(*names), self._name)
        except (ObjectDoesNotExist, MultipleObjectsReturned, DataError) as error:
            raise self._missing(names) from error
        except (TypeError, ValueError, OverflowError) as error:
            raise self._missing(names) from error

    def _allowed(self) -> dict[Any, Any]:
        """The rows by key, limited to those that the field may refer to."""
        model: Any = self._field.related_model
        there: models.QuerySet[Any] = model._base_manager.using(router.db_for_write(model))
        allowed = there.complex_filter(self._field.get_limit_choices_to())
        found: dict[Any, Any] = {}
        for batch in batches([*{*self._keys.values()}], _BATCH):
            wanted = allowed.filter(**{f"{self._name}__in": batch})
            found |= {getattr(row, self._name): row for row in wanted}
        return found

    def _missing(self, value: Any) -> ValidationError:
        return ValidationError(
            _("There is no %(model)s %(value)s."),
            code="missing",
            params={
                "model": self._field.related_model._meta.verbose_name,
                "value": shown(json_of(value)),
            },
        )
