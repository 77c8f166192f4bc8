"""The entries of a file: the values of their fields, each as strict as its field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.translation import gettext_lazy as _

from countjobs.text import shown, storable, validate_text
from countjobs.transfer.field_values import References, read_value
from countjobs.transfer.format import Fields
from countjobs.transfer.scope import Kind, Scope

MOST_PROBLEMS = 20
"""How many reasons are shown for one entry. Nobody needs a thousand lines about a thousand unknown
fields."""


class State(StrEnum):
    """What an import would do with an entry."""

    REFUSED = "refused"
    CHANGED = "changed"
    ADDED = "added"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Change:
    """A field's value now and after the import, as JSON. For a new definition, "now" is the
    default.
    """

    field: str
    old: str
    new: str


@dataclass
class Entry:
    """An entry of a file. It is not validated before it has a state."""

    number: int
    """Its position in the file, from 1."""
    kind: Kind | None = None
    """None if it names no kind of the scope."""
    label: str = ""
    """The kind that it names, as the file has it, shortened."""
    name: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    """The values of fields, as they are in Python."""
    problems: list[tuple[str, str]] = field(default_factory=list)
    """Why it is refused: field names, or "", with a sentence each."""
    state: State = State.REFUSED
    changes: list[Change] = field(default_factory=list)
    definition: Any = None
    """What is to be saved."""

    @property
    def key(self) -> str:
        """What tells it from the other entries: its kind and its name."""
        return f"{self.label}:{self.name}"

    def refuse(self, name: str, error: ValidationError) -> None:
        """Add what is wrong with a field, or with the fields that the error names."""
        for key, errors in error.update_error_dict({}).items():
            where = name if key == NON_FIELD_ERRORS else key
            for each in errors:
                self.problems += [(where, storable(str(text))) for text in each.messages]
        del self.problems[MOST_PROBLEMS:]


_MESSAGES = {
    "object": _("This entry is not an object."),
    "name": _("An entry needs a “name”, as text."),
    "twice": _("Another entry in this file has the same name."),
    "unknown": _("There is no such field."),
}


def _error(code: str, **params: Any) -> ValidationError:
    return ValidationError(_MESSAGES[code], code=code, params=params)


def interpret(raw_entries: Iterable[Any], scope: Scope) -> list[Entry]:
    """The entries with their values, or with what is wrong with them."""
    entries = [_read(number, raw, scope) for number, raw in enumerate(raw_entries, 1)]
    _refuse_doubles(entries)
    for kind in scope.kinds.values():
        if of_kind := [each for each in entries if each.kind is kind]:
            _refer_all(of_kind, kind)
    return entries


def _read(number: int, raw: Any, scope: Scope) -> Entry:
    entry = Entry(number)
    if not isinstance(raw, dict):
        entry.refuse("", _error("object"))
        return entry
    entry.label = shown(raw.get("model", ""))
    try:
        entry.kind = scope.kind_of(raw.get("model"))
        entry.label = entry.kind.label
    except ValidationError as error:
        entry.refuse("model", error)
    _read_name(entry, raw.get("name"))
    if entry.kind is not None:
        _read_fields(entry, raw, entry.kind.fields)
    return entry


def _read_fields(entry: Entry, raw: dict[str, Any], fields: Fields) -> None:
    for name, value in raw.items():
        if len(entry.problems) >= MOST_PROBLEMS:
            break  # no more are shown
        if name not in ("model", "name"):
            _read_field(entry, name, value, fields)


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
    """Nobody can know which of two entries of a kind with the same name is meant."""
    counts = Counter(entry.key for entry in entries if entry.kind and entry.name)
    for entry in entries:
        if counts[entry.key] > 1:
            entry.refuse("name", _error("twice"))


def _refer_all(entries: list[Entry], kind: Kind) -> None:
    for name, each in kind.fields.items():
        if each.is_relation:
            _refer(entries, name, References(each, _given(entries, name)))


def _given(entries: list[Entry], name: str) -> list[Any]:
    values = [entry.values[name] for entry in entries if name in entry.values]
    return [value for value in values if value is not None]


def _refer(entries: list[Entry], name: str, references: References) -> None:
    for entry in entries:
        if entry.values.get(name) is not None:  # whether None is allowed, validation says
            try:
                entry.values[name] = references.row(entry.values[name])
            except ValidationError as error:
                entry.refuse(name, error)
