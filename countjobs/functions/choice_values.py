"""Types of parameters that are one of a few values: `Literal` and `Enum`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from countjobs.functions.value_types import ValueType, bare, json_of
from countjobs.text import shown


class _Choice(ValueType):
    """One of a few values, each with the text that a form sends for it."""

    has_choice_of_none = True
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


class _Sent(str):
    """The text that a form has sent for a value. A value may be a text, too."""

    __slots__ = ()


class _ChoiceField(forms.TypedChoiceField):
    """A choice that gives the value, and is filled in with it."""

    def __init__(self, values: Mapping[str, Any], **options: Any) -> None:
        super().__init__(coerce=values.__getitem__, empty_value=None, **options)
        self._values = values

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What was sent."""
        sent = super().bound_data(data, initial)
        return _Sent(sent) if type(sent) is str else sent

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether another value is chosen."""
        return bool(super().has_changed(self.prepare_value(initial), data))

    def prepare_value(self, value: Any) -> Any:
        """The text that stands for a value."""
        if isinstance(value, _Sent):
            return value
        return next((text for text, each in self._values.items() if _same(each, value)), value)


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


class OneOf(_Choice):
    """`Literal`: texts, whole numbers, true and false."""

    def __init__(self, values: tuple[Any, ...]) -> None:
        self._values = {json_of(value): value for value in values}
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
        self._values = dict(enum.__members__)  # with the names that members had before
        self._labels = {member.name: _label(member) for member in enum}

    def read(self, stored: Any) -> Any:
        """The member. Raises ValidationError."""
        if isinstance(stored, str) and stored in self._values:
            return self._values[stored]
        raise _not_among(stored, self._labels)

    def write(self, value: Any) -> str:
        """The name. Raises ValidationError."""
        for member in self._values.values():
            if member is value:
                return str(member.name)
        raise _not_among(str(value), self._labels)

    def in_words(self, stored: Any) -> str:
        """The name."""
        return bare(stored)


def _label(member: Enum) -> str:
    label = getattr(member, "label", None)  # of Django's choices
    return str(label) if label else label_of(member.name)


def label_of(name: str) -> str:
    """A name of code as words: “days_to_keep” is “Days to keep”."""
    words = name.replace("_", " ").strip() or name
    words = words.lower() if words.isupper() else words
    return words[:1].upper() + words[1:]


def _not_among(value: Any, known: Any) -> ValidationError:
    return ValidationError(
        gettext_lazy("%(value)s is not one of the choices: %(known)s."),
        code="choice",
        params={"value": shown(json_of(value)), "known": ", ".join(known)},
    )
