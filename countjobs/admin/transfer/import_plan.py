"""What an import would do, entry by entry, before anything is saved."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from countjobs.text import storable

MOST_PROBLEMS = 20
"""Told of one entry. A thousand unknown fields are told no better by a thousand lines."""


class State(StrEnum):
    """What becomes of an entry."""

    REFUSED = "refused"
    CHANGED = "changed"
    ADDED = "added"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Change:
    """A field's value as it is and as it would be, as JSON; of a new definition, the default."""

    field: str
    old: str
    new: str


@dataclass
class Entry:
    """An entry of a file. Nothing of it is validated before it has a state."""

    number: int
    """Its place in the file, from 1 on."""
    name: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    """The values of fields, as they are in Python."""
    problems: list[tuple[str, str]] = field(default_factory=list)
    """Why it is refused: a field's name, or "", with a sentence."""
    state: State = State.REFUSED
    changes: list[Change] = field(default_factory=list)
    definition: Any = None
    """What is to be saved."""

    def refuse(self, name: str, error: ValidationError) -> None:
        """Note what is wrong with a field, or with the fields that the error names."""
        for key, errors in error.update_error_dict({}).items():
            where = name if key == NON_FIELD_ERRORS else key
            for each in errors:
                self.problems += [(where, storable(str(text))) for text in each.messages]
        del self.problems[MOST_PROBLEMS:]


@dataclass(frozen=True)
class Plan:
    """What would become of every entry of a file."""

    entries: list[Entry]

    def having(self, state: State) -> list[Entry]:
        """The entries of a state."""
        return [entry for entry in self.entries if entry.state is state]

    @property
    def to_save(self) -> list[Entry]:
        """What an import would write, in the order of the file."""
        return [each for each in self.entries if each.state in (State.ADDED, State.CHANGED)]

    def digest(self) -> str:
        """A digest of all that the plan says: equal where the same would come of it."""
        told = [
            [each.state, each.name, each.problems, [vars(change) for change in each.changes]]
            for each in self.entries
        ]
        return sha256(json.dumps(told).encode()).hexdigest()
