"""Inputs of a function's parameters. They are the browser's own, so a script can put them in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms import MultiWidget
from django.utils.text import normalize_newlines

from countjobs.text import shown

if TYPE_CHECKING:
    AnyChoiceField = forms.ModelChoiceField[Any]
else:
    AnyChoiceField = forms.ModelChoiceField


class DateInput(forms.DateInput):
    """A date."""

    input_type = "date"

    def format_value(self, value: Any) -> str | None:
        """In ISO 8601, as browsers want it."""
        return value.isoformat() if isinstance(value, date) else value


class TimeInput(forms.TimeInput):
    """A time of day. Browsers would drop microseconds, so those are typed as text."""

    input_type = "time"
    supports_microseconds = True

    def format_value(self, value: Any) -> str | None:
        """In ISO 8601, as browsers want it."""
        return value.isoformat() if isinstance(value, time) else value

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """As Django's."""
        context: dict[str, Any] = super().get_context(name, value, attrs)
        if "." in str(context["widget"]["value"] or ""):
            context["widget"]["type"] = "text"
        else:
            context["widget"]["attrs"]["step"] = 1  # or browsers leave out the seconds
        return context


class MomentInputs(forms.SplitDateTimeWidget):
    """A date and a time."""

    supports_microseconds = True

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        MultiWidget.__init__(self, [DateInput, TimeInput], attrs)

    def decompress(self, value: Any) -> Any:
        """As Django's. What is stored and is no moment stands where the date does."""
        is_moment = isinstance(value, datetime) or not value
        return super().decompress(value) if is_moment else [str(value), None]


class LineInput(forms.Textarea):
    """A text. It may have several lines, and grows with them."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"rows": 1, "cols": 40, "class": "countjobs-line"} | (attrs or {}))

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """What was typed. Browsers turn its line ends into CR LF."""
        text = data.get(name)
        return text.replace("\r\n", "\n") if isinstance(text, str) else text


class LineField(forms.CharField):
    """A text of one or several lines. One that nobody has changed keeps its own line ends."""

    widget = LineInput
    _before: Any = None

    def settle(self, form: forms.BaseForm, name: str) -> None:
        """Remember what the form fills the input with."""
        self._before = form.get_initial_for_field(self, name)

    def clean(self, value: Any) -> Any:
        """As Django's. Raises ValidationError."""
        before = self._before
        is_untouched = isinstance(before, str) and normalize_newlines(before) == value
        return super().clean(before if is_untouched else value)


class KeyField(AnyChoiceField):
    """An object, by its key. No list of all objects is offered: there may be a million."""

    widget = forms.TextInput

    def __init__(self, *args: Any, key_of: Callable[[Any], object], **options: Any) -> None:
        super().__init__(*args, **options)
        self._key_of = key_of

    def to_python(self, value: Any) -> Any:
        """The object. Raises ValidationError if there is none."""
        if isinstance(value, str) and value:
            try:
                self._key_of(value)
            except ValidationError as error:
                raise ValidationError(
                    self.error_messages["invalid_choice"],
                    code="invalid_choice",
                    params={"value": shown(value)},
                ) from error
        return super().to_python(value)
