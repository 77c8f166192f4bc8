"""The form field of ordered JSON. What was typed is kept; nothing is dropped silently."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput
from django.utils.translation import gettext_lazy as _

from countjobs.text import is_encodable, shown

MOST_CHARACTERS = 512 * 1024
"""Longer text isn't even parsed. The limit allows for 64 KiB with every character escaped, which
makes it six times as long."""

MOST_LEVELS = 50


class OrderedJSONFormField(forms.JSONField):
    """JSON as text. The order of an object's keys counts, and duplicate keys are refused."""

    default_error_messages = {
        "invalid": _("This is not JSON: %(reason)s."),
        "syntax": _("This is not JSON: %(reason)s, line %(line)d, column %(column)d."),
        "max_length": _("The text has %(length)d characters; at most %(most)d are allowed."),
        "depth": _("This is nested too deeply."),
        "duplicate": _("The key “%(key)s” occurs more than once."),
    }

    def to_python(self, value: Any) -> Any:
        """The parsed JSON; blank input is an empty object. Raises ValidationError."""
        if not isinstance(value, str):
            return super().to_python(value)
        if len(value) > MOST_CHARACTERS:
            raise self._error("max_length", length=len(value), most=MOST_CHARACTERS)
        return self._parse(value) if value.strip() else {}

    def _parse(self, text: str) -> Any:
        try:
            parsed = json.loads(text, object_pairs_hook=self._object)
        except json.JSONDecodeError as error:
            where = {"line": error.lineno, "column": error.colno}
            raise self._error("syntax", reason=error.msg, **where) from error
        except RecursionError as error:
            raise self._error("depth") from error
        except ValueError as error:  # a number of thousands of digits
            raise self._error("invalid", reason=shown(error)) from error
        if is_too_deep(parsed):
            raise self._error("depth")
        return parsed

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                raise self._error("duplicate", key=shown(key))
            found[key] = value
        return found

    def _error(self, code: str, **params: Any) -> ValidationError:
        return ValidationError(self.error_messages[code], code=code, params=params)

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Exactly what was typed. Parsing and formatting it would lose what is wrong with it."""
        return initial if self.disabled else InvalidJSONInput(data or "")

    def prepare_value(self, value: Any) -> Any:
        """The text to edit, with a line for each key."""
        if isinstance(value, InvalidJSONInput):
            return value
        text = json.dumps(value, ensure_ascii=False, indent=2)
        return text if is_encodable(text) else json.dumps(value, indent=2)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the value has changed, including the order of its keys."""
        try:
            return json.dumps(self.to_python(data)) != json.dumps(initial)
        except ValidationError:
            return True


def is_too_deep(value: Any, levels: int = MOST_LEVELS) -> bool:
    """Whether JSON is nested too deeply. It isn't recursive, which deep nesting would break."""
    level = [value]
    for _level in range(levels):
        level = [child for item in level for child in _children(item)]
        if not level:
            return False
    return True


def _children(item: Any) -> list[Any]:
    if isinstance(item, dict):
        return list(item.values())
    return item if isinstance(item, list) else []
