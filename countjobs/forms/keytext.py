"""The form field of an ordered mapping of keys to texts."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput
from django.utils.translation import ngettext

from countjobs.forms.key_text_rows import KeyTextRows, Rows, row_problems, rows_of
from countjobs.forms.ordered import OrderedJSONFormField


class KeyTextFormField(OrderedJSONFormField):
    """A mapping of keys to texts, edited in rows. What doesn't fit into rows is edited as JSON."""

    widget = KeyTextRows

    def to_python(self, value: Any) -> Any:
        """The mapping. Raises ValidationError; the rows show which are wrong, and why."""
        if not isinstance(value, Rows):
            return super().to_python(value)
        if problems := row_problems(value):
            text = ngettext(
                "One row is wrong. The reason is shown there.",
                "%(n)d rows are wrong. The reasons are shown there.",
                len(problems),
            )
            raise ValidationError(text, code="rows", params={"n": len(problems)})
        return dict(value)

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What was typed."""
        is_rows = isinstance(data, Rows) and not self.disabled
        return data if is_rows else super().bound_data(data, initial)

    def prepare_value(self, value: Any) -> Any:
        """Rows, or the JSON to edit."""
        if isinstance(value, (Rows, InvalidJSONInput)):
            return value
        rows = rows_of({} if value is None else value)
        return super().prepare_value(value) if rows is None else rows
