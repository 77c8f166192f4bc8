"""What form fields have in common that are edited in rows."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from django.forms.fields import InvalidJSONInput

from countjobs.forms.key_text_rows import Rows
from countjobs.forms.ordered import OrderedJSONFormField


class RowsFormField(OrderedJSONFormField):
    """JSON that is edited in rows. What doesn't fit into rows is edited as JSON."""

    @abstractmethod
    def in_rows(self, value: Any) -> Rows | None:
        """The rows of a value, where None means an empty one. None if it doesn't fit."""

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What was typed."""
        is_typed = isinstance(data, Rows) and not self.disabled
        return data if is_typed else super().bound_data(data, initial)

    def prepare_value(self, value: Any) -> Any:
        """Rows, or the JSON to edit."""
        if isinstance(value, (Rows, InvalidJSONInput)):
            return value
        rows = self.in_rows(value)
        return super().prepare_value(value) if rows is None else rows
