"""The types of parameters: how a value is stored as JSON, checked, typed in and shown.

Each has a class. To read a stored value queries no database, so that many can be checked at once;
what a key stands for is only looked up for the call.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import models
from django.utils.translation import gettext_lazy

from countjobs.forms import KeyTextFormField
from countjobs.forms.native_inputs import KeyField
from countjobs.forms.text_list import TextListField
from countjobs.functions.plain_values import (
    Bool,
    DecimalNumber,
    Float,
    Int,
    Text,
    are_texts,
)
from countjobs.functions.time_values import Date, Duration, Moment, Time
from countjobs.functions.value_types import ValueType, bare, json_of, wrong
from countjobs.text import shown, validate_text


class Texts(ValueType):
    """`list[str]`."""

    allows_blank = True

    def read(self, stored: Any) -> list[str]:
        """The value. Raises ValidationError."""
        if not isinstance(stored, list) or not are_texts(stored):
            raise wrong("texts", stored)
        return list(stored)

    def field(self, **options: Any) -> forms.Field:
        """Rows."""
        return TextListField(**options)

    def in_words(self, stored: Any) -> str:
        """The texts."""
        is_whole = isinstance(stored, list) and all(isinstance(each, str) for each in stored)
        return ", ".join(stored) if is_whole else json_of(stored)


class KeyedTexts(ValueType):
    """`dict[str, str]`, in its order."""

    allows_blank = True

    def read(self, stored: Any) -> dict[str, str]:
        """The value. Raises ValidationError."""
        if not isinstance(stored, dict) or not are_texts([*stored, *stored.values()]):
            raise wrong("object", stored)
        return dict(stored)

    def field(self, **options: Any) -> forms.Field:
        """Rows of key and text."""
        return KeyTextFormField(**options)


class Key(ValueType):
    """A model: an object of it, by its key."""

    is_json = False

    def __init__(self, model: type[models.Model]) -> None:
        self.model = model
        field: Any = model._meta.pk
        while field.is_relation:  # the key of a model may itself be a reference
            field = field.target_field
        self._key = field
        self._is_number = isinstance(field, models.IntegerField)

    def read(self, stored: Any) -> Any:
        """The key. Raises ValidationError. Whether there is such an object isn't asked."""
        if type(stored) is not (int if self._is_number else str):
            raise wrong("int" if self._is_number else "text", stored)
        return self.key_of(stored)

    def key_of(self, value: Any) -> Any:
        """The key of a number or a text. Raises ValidationError if no object can have it."""
        if isinstance(value, str):
            validate_text(value)
        try:
            key = self._key.clean(value, None)
            self._key.get_prep_value(key)
        except (ValueError, TypeError, ArithmeticError) as error:  # a moment before the calendar
            raise wrong("int" if self._is_number else "text", value) from error
        return key

    def resolve(self, value: Any) -> models.Model:
        """The object, from the database that is written to. Raises ValidationError."""
        try:
            return self.model._base_manager.using("default").get(pk=value)
        except ObjectDoesNotExist:
            raise ValidationError(
                gettext_lazy("There is no %(model)s %(key)s."),
                code="missing",
                params={"model": self.model._meta.verbose_name, "key": shown(value)},
            ) from None

    def write(self, value: Any) -> Any:
        """The key of an object. Raises ValidationError."""
        if not isinstance(value, self.model) or value.pk is None:
            expected = self.model._meta.verbose_name
            message = gettext_lazy("This must be a saved object: %(model)s.")
            raise ValidationError(message, code="type", params={"model": expected})
        return value.pk if self._is_number else str(value.pk)

    def field(self, **options: Any) -> forms.Field:
        """Its key. The admin offers a search instead, where it has one for this model."""
        objects = self.model._default_manager.using("default")
        return KeyField(objects, key_of=self.key_of, **options)

    def in_words(self, stored: Any) -> str:
        """The model and the key."""
        return f"{self.model._meta.verbose_name} {bare(stored)}"


TYPES: dict[Any, Callable[[], ValueType]] = {
    bool: Bool,
    int: Int,
    float: Float,
    str: Text,
    Decimal: DecimalNumber,
    date: Date,
    datetime: Moment,
    time: Time,
    timedelta: Duration,
    list[str]: Texts,
    dict[str, str]: KeyedTexts,
}
"""The types that have no parts of their own."""
