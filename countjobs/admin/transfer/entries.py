"""From an entry of a file to the values of fields, each as strict as its field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from countjobs.admin.transfer.format import Fields, label_of
from countjobs.admin.transfer.import_plan import MOST_PROBLEMS, Entry
from countjobs.admin.transfer.references import References
from countjobs.admin.transfer.values import read_value
from countjobs.text import shown, validate_text

_MESSAGES = {
    "object": _("This entry is not an object."),
    "model": _("An entry of this kind has the “model” %(expected)s, not %(given)s."),
    "name": _("An entry needs a “name”, as text."),
    "twice": _("Another entry of this file has this name, too."),
    "unknown": _("There is no such field here."),
}


def _error(code: str, **params: Any) -> ValidationError:
    return ValidationError(_MESSAGES[code], code=code, params=params)


def interpret(raw_entries: Iterable[Any], model: type[models.Model], fields: Fields) -> list[Entry]:
    """The entries, with the values of their fields, or with what is wrong with them."""
    entries = [_read(number, raw, model, fields) for number, raw in enumerate(raw_entries, 1)]
    _refuse_doubles(entries)
    for name, field in fields.items():
        if field.is_relation:
            _refer(entries, name, References(field, _given(entries, name)))
    return entries


def _read(number: int, raw: Any, model: type[models.Model], fields: Fields) -> Entry:
    entry = Entry(number)
    if not isinstance(raw, dict):
        entry.refuse("", _error("object"))
        return entry
    label, given = label_of(model), raw.get("model")
    if given != label:
        entry.refuse("model", _error("model", expected=label, given=shown(given)))
    _read_name(entry, raw.get("name"))
    for name, value in raw.items():
        if len(entry.problems) >= MOST_PROBLEMS:
            break  # no more are told, however many there are
        if name not in ("model", "name"):
            _read_field(entry, name, value, fields)
    return entry


def _read_name(entry: Entry, name: Any) -> None:
    if not isinstance(name, str) or not name:
        entry.refuse("name", _error("name"))
        return
    entry.name = entry.values["name"] = name
    try:
        validate_text(name)
    except ValidationError as error:
        entry.refuse("name", error)


def _read_field(entry: Entry, name: str, value: Any, fields: Fields) -> None:
    try:
        if name not in fields:
            raise _error("unknown")
        field = fields[name]
        entry.values[name] = value if field.is_relation else read_value(field, value)
    except ValidationError as error:
        entry.refuse(shown(name), error)


def _refuse_doubles(entries: list[Entry]) -> None:
    """Which of two of a name is meant, nobody can know."""
    counts = Counter(entry.name for entry in entries if entry.name)
    for entry in entries:
        if counts[entry.name] > 1:
            entry.refuse("name", _error("twice"))


def _given(entries: list[Entry], name: str) -> list[Any]:
    values = [entry.values[name] for entry in entries if name in entry.values]
    return [value for value in values if value is not None]


def _refer(entries: list[Entry], name: str, references: References) -> None:
    for entry in entries:
        if entry.values.get(name) is not None:  # whether none may be, validation says
            try:
                entry.values[name] = references.row(entry.values[name])
            except ValidationError as error:
                entry.refuse(name, error)
