"""The form field of an ordered mapping of keys to texts."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import ngettext

from countjobs.forms.in_rows import RowsFormField
from countjobs.forms.key_text_rows import KeyTextRows, Rows, row_problems, rows_of


class KeyTextFormField(RowsFormField):
    """A mapping of keys to texts."""

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

    def in_rows(self, value: Any) -> Rows | None:
        """A row for each key."""
        return rows_of({} if value is None else value)
