"""The form field of a date and time. If nobody changes it, it stays as it is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms


class MomentField(forms.SplitDateTimeField):
    """A date and time in the site's zone, in two inputs.

    Django refuses times in the hour that a clock change repeats, even if the page itself has filled
    them in. Then nothing else in the form could be saved.
    """

    before: Any = None
    """What the inputs were filled with, if anything."""

    def settle(self, form: forms.BaseForm, name: str) -> None:
        """Remember what the form fills the inputs with."""
        self.before = form.get_initial_for_field(self, name)

    def clean(self, value: Any) -> Any:
        """As Django's, unless the inputs are unchanged. Raises ValidationError."""
        return self.before if self._is_untouched(value) else super().clean(value)

    def _is_untouched(self, value: Any) -> bool:
        if not isinstance(self.before, datetime):
            return False
        parts = zip(self.widget.widgets, self.widget.decompress(self.before), strict=True)
        return bool(value == [widget.format_value(part) for widget, part in parts])
