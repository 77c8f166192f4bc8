"""Rows of key and text: how a form shows and reads them, with a script and without."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms import Script
from django.utils.translation import gettext as _

from countjobs.text import is_encodable, shown, validate_text

MOST_ROWS = 300
"""A mapping with more keys is edited as JSON. Each row has two form fields, and Django accepts
1,000 fields in one form."""

_MOST_ADDED = 400
_SPARE = 2


class Rows(list[tuple[str, str]]):
    """Keys and texts as they were typed, with whatever is wrong with them."""


def rows_of(value: Any) -> Rows | None:
    """The rows of an object; None if a browser couldn't send them back unchanged."""
    if not isinstance(value, dict) or len(value) > MOST_ROWS:
        return None
    return Rows(value.items()) if all(fits_into_row(*p) for p in value.items()) else None


def fits_into_row(key: Any, text: Any) -> bool:
    """Whether a row can show these, and a browser sends them back unchanged."""
    if not isinstance(key, str) or not isinstance(text, str) or not key.strip():
        return False
    # Browsers drop newlines from an input, and turn those in a textarea into CR LF.
    has_lost = {"\n", "\r", "\0"} & set(key) or {"\r", "\0"} & set(text)
    return not has_lost and is_encodable(key + text)


def row_problems(rows: Rows, *, has_keys: bool = True) -> dict[int, str]:
    """What is wrong, by row number."""
    problems: dict[int, str] = {}
    seen: set[str] = set()
    for number, (key, text) in enumerate(rows):
        if problem := _problem(key, text, seen) if has_keys else _invalid(text):
            problems[number] = problem
        seen.add(key)
    return problems


def _problem(key: str, text: str, seen: set[str]) -> str:
    if not key.strip():
        return _("This text has no key.")
    if key in seen:
        return _("The key “%(key)s” occurs more than once.") % {"key": shown(key)}
    return _invalid(key) or _invalid(text)


def _invalid(text: str) -> str:
    try:
        validate_text(text)
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


class KeyTextRows(forms.Widget):
    """A row for each key and its text; or JSON, if the value is a string instead of `Rows`.

    Rows have no numbers: their order in the page counts. Empty ones are dropped.
    """

    template_name = "admin/countjobs/key_text_rows.html"
    has_keys = True

    class Media:
        js = [Script("countjobs/rows.js", type="module")]

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """As Django's, with the rows, and some empty ones; no rows for JSON."""
        context = super().get_context(name, value, attrs)
        context["most"] = _MOST_ADDED
        context["described"] = context["widget"]["attrs"].get("aria-describedby", "")
        context["rows"] = None
        context["has_keys"] = self.has_keys
        if isinstance(value, Rows):
            problems = row_problems(value, has_keys=self.has_keys)
            told = [(*row, problems.get(number, "")) for number, row in enumerate(value)]
            context["rows"] = told + [("", "", "")] * _SPARE
        return context

    def format_value(self, value: Any) -> Any:
        """The value, unchanged."""
        return value

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """The rows that aren't empty, or the JSON."""
        if name in data:
            return data.get(name)
        keys, texts = (_list(data, f"{name}_{part}") for part in ("key", "text"))
        typed = zip_longest(keys, (text.replace("\r\n", "\n") for text in texts), fillvalue="")
        return Rows(row for row in typed if row != ("", ""))

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Whether neither was posted."""
        return not {name, f"{name}_key", f"{name}_text"} & set(data)

    def use_required_attribute(self, initial: Any) -> bool:
        """No single row is required."""
        return False


def _list(data: Any, name: str) -> list[str]:
    return data.getlist(name) if hasattr(data, "getlist") else [*data.get(name, ())]
