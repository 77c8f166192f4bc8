"""The form field of a list of texts."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from countjobs.forms.in_rows import RowsFormField
from countjobs.forms.key_text_rows import MOST_ROWS, KeyTextRows, Rows, fits_into_row
from countjobs.text import validate_text


class TextRows(KeyTextRows):
    """A row for each text; or JSON, if the value is a string instead of `Rows`."""

    has_keys = False

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """The rows that aren't empty, or the JSON."""
        rows = super().value_from_datadict(data, files, name)
        return Rows(("", text) for _key, text in rows if text) if isinstance(rows, Rows) else rows


class TextListField(RowsFormField):
    """A list of texts."""

    widget = TextRows
    default_error_messages = {"list": _("This must be a list of texts.")}

    def to_python(self, value: Any) -> Any:
        """The list. Raises ValidationError."""
        if not isinstance(value, Rows):
            value = super().to_python(value) or []
            if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
                raise ValidationError(self.error_messages["list"], code="list")
            return value
        texts = [text for _key, text in value]
        for text in texts:
            validate_text(text)
        return texts

    def in_rows(self, value: Any) -> Rows | None:
        """A row for each text."""
        texts = [] if value is None else value
        fits = isinstance(texts, list) and len(texts) <= MOST_ROWS and all(map(_fits, texts))
        return Rows(("", text) for text in texts) if fits else None


def _fits(text: Any) -> bool:
    """Whether a row can show a text, and a browser sends it back unchanged."""
    return bool(text) and fits_into_row("key", text)
