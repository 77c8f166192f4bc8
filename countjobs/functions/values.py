"""The types of parameters: how a value is stored as JSON, checked, typed in and shown.

Each has a class here. To read a stored value queries no database, so that many can be checked at
once; what a key stands for is only looked up for the call.
"""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import models
from django.utils.dateparse import parse_duration
from django.utils.duration import duration_iso_string, duration_string
from django.utils.timezone import is_naive
from django.utils.translation import gettext, gettext_lazy

from countjobs.forms import KeyTextFormField
from countjobs.forms.native_inputs import (
    DateInput,
    KeyField,
    LineField,
    MomentInputs,
    ParameterMomentField,
    TimeInput,
)
from countjobs.forms.text_list import TextListField
from countjobs.text import MOST_TEXT, shown, validate_length, validate_text

_MOST_DIGITS = 1_000
"""Of a decimal number. One with an exponent of a billion would fill the memory when it is shown."""

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
}


def _wrong(expected: str, stored: Any) -> ValidationError:
    return ValidationError(
        gettext_lazy("This must be %(expected)s, not %(value)s."),
        code="type",
        params={"expected": _EXPECTED[expected], "value": shown(_json(stored))},
    )


def _json(stored: Any) -> str:
    try:
        return json.dumps(stored, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        return str(stored)


def _are_texts(values: Collection[Any]) -> bool:
    """Whether all are texts. It looks at them together, because each run has its arguments checked
    twice. Raises ValidationError if one can't be stored.
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


class ValueType(ABC):
    """A type of parameter."""

    is_json: ClassVar[bool] = True
    """Whether values of this type are JSON as they are, so that Django tasks can take them."""
    allows_blank: ClassVar[bool] = False
    """Whether an input that is left empty means a value."""

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
        return _json(stored)


class Bool(ValueType):
    """`bool`."""

    allows_blank = True

    def read(self, stored: Any) -> bool:
        """The value. Raises ValidationError."""
        if type(stored) is not bool:
            raise _wrong("bool", stored)
        return stored

    def field(self, **options: Any) -> forms.Field:
        """A checkbox; or a choice of three, where there may be no value."""
        if options.pop("may_be_none", False):
            return forms.NullBooleanField(**options)
        return forms.BooleanField(**options)

    def in_words(self, stored: Any) -> str:
        """In the reader's language."""
        return {True: gettext("yes"), False: gettext("no")}.get(stored, _json(stored))


class Int(ValueType):
    """`int`."""

    def read(self, stored: Any) -> int:
        """The value. Raises ValidationError."""
        if type(stored) is not int:
            raise _wrong("int", stored)
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
        raise _wrong("float", stored)

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
            raise _wrong("text", stored)
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
            raise _wrong("decimal", stored)
        try:
            number = Decimal(stored)
        except (InvalidOperation, ValueError):
            raise _wrong("decimal", stored) from None
        return self._bounded(number)

    def write(self, value: Any) -> str:
        """As text. Raises ValidationError."""
        if not isinstance(value, Decimal):
            raise _wrong("decimal", value)
        return str(self._bounded(value))

    def field(self, **options: Any) -> forms.Field:
        """A number."""
        return forms.DecimalField(**options)

    def _bounded(self, number: Decimal) -> Decimal:
        if not number.is_finite():
            raise _wrong("decimal", str(number))
        if len(number.as_tuple().digits) > _MOST_DIGITS or abs(number.adjusted()) > _MOST_DIGITS:
            raise ValidationError(gettext_lazy("This number has too many digits."), code="digits")
        return number

    def in_words(self, stored: Any) -> str:
        """Without quotation marks."""
        return str(stored)


class _Iso(ValueType):
    """What is stored as text in ISO 8601."""

    is_json = False
    _what: ClassVar[str]

    def read(self, stored: Any) -> Any:
        """The value. Raises ValidationError."""
        if not isinstance(stored, str):
            raise _wrong(self._what, stored)
        try:
            value = self._parse(stored)
        except (ValueError, OverflowError):
            value = None
        if value is None:
            raise _wrong(self._what, stored)
        return value

    @abstractmethod
    def _parse(self, text: str) -> Any:
        """The value of a text; None, ValueError or OverflowError if it isn't one."""

    def in_words(self, stored: Any) -> str:
        """Without quotation marks."""
        return str(stored)


class Date(_Iso):
    """`date`."""

    _what = "date"

    def _parse(self, text: str) -> date:
        return date.fromisoformat(text)

    def write(self, value: Any) -> str:
        """As text. Raises ValidationError."""
        if type(value) is not date:
            raise _wrong("date", str(value))
        return value.isoformat()

    def field(self, **options: Any) -> forms.Field:
        """The browser's own input of dates."""
        return forms.DateField(widget=DateInput, **options)


class Time(_Iso):
    """`time`, of any day: it has no time zone."""

    _what = "time"

    def _parse(self, text: str) -> time | None:
        found = time.fromisoformat(text)
        return found if found.tzinfo is None else None

    def write(self, value: Any) -> str:
        """As text. Raises ValidationError."""
        if not isinstance(value, time) or value.tzinfo is not None:
            raise _wrong("time", str(value))
        return value.isoformat()

    def field(self, **options: Any) -> forms.Field:
        """The browser's own input of times."""
        return forms.TimeField(widget=TimeInput, **options)


class Moment(_Iso):
    """`datetime`, with a time zone. It is stored in UTC."""

    _what = "moment"
    _years = range(2, 9_999)
    """In every zone they are in the calendar."""

    def _parse(self, text: str) -> datetime | None:
        found = datetime.fromisoformat(text)
        if is_naive(found) or found.year not in self._years:
            return None
        return found.astimezone(UTC)

    def write(self, value: Any) -> str:
        """As text. Raises ValidationError."""
        if not isinstance(value, datetime) or is_naive(value) or value.year not in self._years:
            raise _wrong("moment", str(value))
        return value.astimezone(UTC).isoformat()

    def field(self, **options: Any) -> forms.Field:
        """A date and a time, in the site's zone."""
        return ParameterMomentField(widget=MomentInputs, **options)


class Duration(_Iso):
    """`timedelta`."""

    _what = "duration"

    def _parse(self, text: str) -> timedelta | None:
        return parse_duration(text)

    def write(self, value: Any) -> str:
        """As text. Raises ValidationError."""
        if not isinstance(value, timedelta):
            raise _wrong("duration", str(value))
        return duration_iso_string(value)

    def field(self, **options: Any) -> forms.Field:
        """A text such as “1 02:00:00”: days, hours, minutes and seconds."""
        help_text = options.pop("help_text", "")
        example = gettext("Days, hours, minutes and seconds: 1 02:00:00. A number means seconds.")
        return forms.DurationField(help_text=f"{help_text} {example}".strip(), **options)

    def in_words(self, stored: Any) -> str:
        """As one types it."""
        try:
            return duration_string(self.read(stored))
        except ValidationError:
            return str(stored)


class _Choice(ValueType):
    """One of a few values, each with the text that a form sends for it."""

    _values: Mapping[str, Any]
    _labels: Mapping[str, str]

    def field(self, **options: Any) -> forms.Field:
        """A list to choose from."""
        blank = [("", "---------")]
        if options.pop("may_be_none", False) or options.get("initial") is None:
            choices = [*blank, *self._labels.items()]
        else:
            choices = [*self._labels.items()]
        return _ChoiceField(self._values, choices=choices, **options)


class _ChoiceField(forms.TypedChoiceField):
    """A choice that gives the value, and is filled in with it."""

    def __init__(self, values: Mapping[str, Any], **options: Any) -> None:
        super().__init__(coerce=values.__getitem__, empty_value=None, **options)
        self._values = values

    def prepare_value(self, value: Any) -> Any:
        """The text that stands for a value."""
        if isinstance(value, str) and value in self._values:
            return value  # as the form has sent it
        return next((text for text, each in self._values.items() if _same(each, value)), value)


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


class OneOf(_Choice):
    """`Literal`: texts, whole numbers, true and false."""

    def __init__(self, values: tuple[Any, ...]) -> None:
        self._values = {_json(value): value for value in values}
        self._labels = {text: str(value) for text, value in self._values.items()}

    def read(self, stored: Any) -> Any:
        """The value. Raises ValidationError."""
        for value in self._values.values():
            if _same(value, stored):
                return value
        raise _not_among(stored, self._labels.values())


class Member(_Choice):
    """`Enum`, by the names of its members: values may be anything, and change."""

    is_json = False

    def __init__(self, enum: type[Enum]) -> None:
        self._values = {member.name: member for member in enum}
        self._labels = {name: _label(member) for name, member in self._values.items()}

    def read(self, stored: Any) -> Any:
        """The member. Raises ValidationError."""
        if isinstance(stored, str) and stored in self._values:
            return self._values[stored]
        raise _not_among(stored, self._values)

    def write(self, value: Any) -> str:
        """The name. Raises ValidationError."""
        for name, member in self._values.items():
            if member is value:
                return name
        raise _not_among(value, self._values)

    def in_words(self, stored: Any) -> str:
        """The name."""
        return str(stored)


def _label(member: Enum) -> str:
    label = getattr(member, "label", None)  # of Django's choices
    return str(label) if label else words_of(member.name)


def words_of(name: str) -> str:
    """A name of code as words: “days_to_keep” is “Days to keep”."""
    words = name.replace("_", " ").strip() or name
    words = words.lower() if words.isupper() else words
    return words[:1].upper() + words[1:]


def _not_among(value: Any, known: Any) -> ValidationError:
    return ValidationError(
        gettext_lazy("%(value)s is not one of the choices: %(known)s."),
        code="choice",
        params={"value": shown(_json(value)), "known": ", ".join(known)},
    )


class Texts(ValueType):
    """`list[str]`."""

    allows_blank = True

    def read(self, stored: Any) -> list[str]:
        """The value. Raises ValidationError."""
        if not isinstance(stored, list) or not _are_texts(stored):
            raise _wrong("texts", stored)
        return list(stored)

    def field(self, **options: Any) -> forms.Field:
        """Rows."""
        return TextListField(**options)

    def in_words(self, stored: Any) -> str:
        """The texts."""
        return ", ".join(map(str, stored)) if isinstance(stored, list) else _json(stored)


class KeyedTexts(ValueType):
    """`dict[str, str]`, in its order."""

    allows_blank = True

    def read(self, stored: Any) -> dict[str, str]:
        """The value. Raises ValidationError."""
        if not isinstance(stored, dict) or not _are_texts([*stored, *stored.values()]):
            raise _wrong("object", stored)
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
            raise _wrong("int" if self._is_number else "text", stored)
        if isinstance(stored, str):
            validate_text(stored)
        return self._key.clean(stored, None)

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
        return KeyField(self.model._default_manager.using("default"), **options)

    def in_words(self, stored: Any) -> str:
        """The model and the key."""
        return f"{self.model._meta.verbose_name} {stored}"


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
