"""The form field of a date and a time: one that nobody has touched stays as it is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms


class MomentField(forms.SplitDateTimeField):
    """A moment in the site's zone, in two inputs.

    Django refuses an hour that a change of the clocks repeats, also where the page itself has put
    it into the inputs; then nothing else of the form could be saved.
    """

    before: Any = None
    """What the inputs were filled with, if anything."""

    def clean(self, value: Any) -> Any:
        """As Django's, but for inputs as they were filled. Raises ValidationError."""
        return self.before if self._is_untouched(value) else super().clean(value)

    def _is_untouched(self, value: Any) -> bool:
        if not isinstance(self.before, datetime):
            return False
        parts = zip(self.widget.widgets, self.widget.decompress(self.before), strict=True)
        return bool(value == [widget.format_value(part) for widget, part in parts])
