"""What all types of parameters share: how a value is stored, checked, typed in and shown."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from countjobs.text import shown

_EXPECTED: dict[str, Any] = {
    "bool": gettext_lazy("true or false"),
    "int": gettext_lazy("a whole number"),
    "float": gettext_lazy("a number"),
    "text": gettext_lazy("text, in quotation marks"),
    "decimal": gettext_lazy("a number, in quotation marks"),
    "date": gettext_lazy("a date, such as “2026-03-04”"),
    "time": gettext_lazy("a time of day, such as “12:30:00”"),
    "moment": gettext_lazy(
        "a date and time with a UTC offset, such as “2026-03-04T12:00:00+00:00”"
    ),
    "duration": gettext_lazy("a duration, such as “P1DT02H00M00S”"),
    "texts": gettext_lazy("a list of texts"),
    "object": gettext_lazy("an object of texts, such as {“key”: “text”}"),
    # Values of Python, which are not JSON:
    "a Decimal": gettext_lazy("a Decimal or a whole number"),
    "a date": gettext_lazy("a Python date"),
    "a time": gettext_lazy("a Python time without a time zone"),
    "a timedelta": gettext_lazy("a Python timedelta"),
}


def wrong(expected: str, stored: Any) -> ValidationError:
    """The error of JSON, or of a value, that isn't of a type."""
    return ValidationError(
        gettext_lazy("This must be %(expected)s, not %(value)s."),
        code="type",
        params={"expected": _EXPECTED[expected], "value": shown(json_of(stored))},
    )


def json_of(stored: Any) -> str:
    """The text of JSON. Raises nothing, whatever it is given."""
    try:
        return json.dumps(stored, ensure_ascii=False, default=str)
    except Exception:  # a number of thousands of digits, deep nesting, any object
        return "…"


def bare(stored: Any) -> str:
    """JSON as one reads it: a text is shown without quotation marks."""
    return stored if isinstance(stored, str) else json_of(stored)


class ValueType(ABC):
    """A type of parameter."""

    is_json: ClassVar[bool] = True
    """Whether values of this type are JSON as they are, so that Django tasks can take them."""
    allows_blank: ClassVar[bool] = False
    """Whether an input that is left empty means a value."""
    has_choice_of_none: ClassVar[bool] = False
    """Whether its input has a choice of its own for None."""

    @abstractmethod
    def read(self, stored: Any) -> Any:
        """The value of JSON. Raises ValidationError."""

    def resolve(self, value: Any) -> Any:
        """What the function is called with: what a key stands for, or the value itself.

        Raises ValidationError.
        """
        return value

    def write(self, value: Any) -> Any:
        """The JSON of a value. Raises ValidationError if it isn't of this type."""
        self.read(value)
        return value

    @abstractmethod
    def field(self, **options: Any) -> forms.Field:
        """The input. What it gives is a value, not JSON."""

    def in_words(self, stored: Any) -> str:
        """JSON as a list of arguments shows it."""
        return json_of(stored)
