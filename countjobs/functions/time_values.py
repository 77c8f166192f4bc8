"""Types of parameters: dates, times and durations."""

from __future__ import annotations

from abc import abstractmethod
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_duration
from django.utils.duration import duration_iso_string, duration_string
from django.utils.timezone import is_naive
from django.utils.translation import gettext

from countjobs.forms import MomentField
from countjobs.forms.native_inputs import DateInput, MomentInputs, TimeInput
from countjobs.functions.value_types import ValueType, bare, wrong


class _Iso(ValueType):
    """What is stored as text in ISO 8601."""

    is_json = False
    _what: ClassVar[str]

    def read(self, stored: Any) -> Any:
        """The value. Raises ValidationError."""
        if not isinstance(stored, str):
            raise wrong(self._what, stored)
        try:
            value = self._parse(stored)
        except (ValueError, OverflowError):
            value = None
        if value is None:
            raise wrong(self._what, stored)
        return value

    @abstractmethod
    def _parse(self, text: str) -> Any:
        """The value of a text; None, ValueError or OverflowError if it isn't one."""

    def in_words(self, stored: Any) -> str:
        """Without quotation marks."""
        return bare(stored)


class Date(_Iso):
    """`date`."""

    _what = "date"

    def _parse(self, text: str) -> date:
        return date.fromisoformat(text)

    def write(self, value: Any) -> str:
        """As text. Raises ValidationError."""
        if type(value) is not date:
            raise wrong("a date", str(value))
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
            raise wrong("a time", str(value))
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
            raise wrong("moment", str(value))
        return value.astimezone(UTC).isoformat()

    def field(self, **options: Any) -> forms.Field:
        """A date and a time, in the site's zone."""
        return MomentField(widget=MomentInputs, **options)


class Duration(_Iso):
    """`timedelta`."""

    _what = "duration"

    def _parse(self, text: str) -> timedelta | None:
        return parse_duration(text)

    def write(self, value: Any) -> str:
        """As text. Raises ValidationError."""
        if not isinstance(value, timedelta):
            raise wrong("a timedelta", str(value))
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
            return super().in_words(stored)
