"""Types of parameters: truth, numbers and text."""

from __future__ import annotations

import math
from collections.abc import Collection
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, gettext_lazy

from countjobs.forms.native_inputs import LineField
from countjobs.functions.value_types import ValueType, bare, json_of, wrong
from countjobs.text import MOST_TEXT, validate_length, validate_text

_MOST_DIGITS = 1_000
"""Of a decimal number. One with an exponent of a billion would fill the memory when it is shown."""


def are_texts(values: Collection[Any]) -> bool:
    """Whether all are texts. Raises ValidationError if one of them can't be stored.

    They are looked at together, because the arguments are checked for every run.
    """
    try:
        text = "".join(values)
    except TypeError:
        return False
    validate_text(text)
    if len(text) > MOST_TEXT:
        for each in values:
            validate_length(each, MOST_TEXT)
    return True


class Bool(ValueType):
    """`bool`."""

    allows_blank = True
    has_choice_of_none = True

    def read(self, stored: Any) -> bool:
        """The value. Raises ValidationError."""
        if type(stored) is not bool:
            raise wrong("bool", stored)
        return stored

    def field(self, **options: Any) -> forms.Field:
        """A checkbox; or a choice of three, where there may be no value."""
        if options.pop("may_be_none", False):
            return forms.NullBooleanField(**options)
        return forms.BooleanField(**options)

    def in_words(self, stored: Any) -> str:
        """In the reader's language."""
        if type(stored) is not bool:
            return json_of(stored)
        return gettext("yes") if stored else gettext("no")


class Int(ValueType):
    """`int`."""

    def read(self, stored: Any) -> int:
        """The value. Raises ValidationError."""
        if type(stored) is not int:
            raise wrong("int", stored)
        return stored

    def field(self, **options: Any) -> forms.Field:
        """A number."""
        return forms.IntegerField(**options)


class Float(ValueType):
    """`float`. Neither infinity nor NaN is JSON."""

    def read(self, stored: Any) -> float:
        """The value. Raises ValidationError."""
        try:
            if type(stored) in {int, float} and math.isfinite(stored):
                return float(stored)
        except OverflowError:
            pass
        raise wrong("float", stored)

    def write(self, value: Any) -> Any:
        """As JSON. Raises ValidationError."""
        return self.read(value)

    def field(self, **options: Any) -> forms.Field:
        """A number."""
        return forms.FloatField(**options)


class Text(ValueType):
    """`str`."""

    def read(self, stored: Any) -> str:
        """The value. Raises ValidationError."""
        if not isinstance(stored, str):
            raise wrong("text", stored)
        validate_text(stored)
        validate_length(stored, MOST_TEXT)
        return stored

    def field(self, **options: Any) -> forms.Field:
        """A text of one or several lines."""
        return LineField(strip=False, **options)


class DecimalNumber(ValueType):
    """`Decimal`, as text: JSON's numbers would lose digits."""

    is_json = False

    def read(self, stored: Any) -> Decimal:
        """The value. Raises ValidationError."""
        if type(stored) not in {str, int}:
            raise wrong("decimal", stored)
        try:
            number = Decimal(stored)
        except (InvalidOperation, ValueError):
            raise wrong("decimal", stored) from None
        return self._bounded(number)

    def write(self, value: Any) -> str:
        """As text. Raises ValidationError."""
        if not isinstance(value, Decimal) and type(value) is not int:
            raise wrong("a Decimal", value)
        return str(self._bounded(Decimal(value)))

    def field(self, **options: Any) -> forms.Field:
        """A number."""
        return forms.DecimalField(**options)

    def _bounded(self, number: Decimal) -> Decimal:
        if not number.is_finite():
            raise wrong("decimal", str(number))
        if len(number.as_tuple().digits) > _MOST_DIGITS or abs(number.adjusted()) > _MOST_DIGITS:
            raise ValidationError(gettext_lazy("This number has too many digits."), code="digits")
        return number

    def in_words(self, stored: Any) -> str:
        """Without quotation marks."""
        return bare(stored)
