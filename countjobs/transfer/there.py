"""What is saved of a kind, for entries to be compared with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from countjobs.database.batches import batches
from countjobs.database.primary import rows_of
from countjobs.models import JobDefinition
from countjobs.transfer.format import json_of, value_of, with_named
from countjobs.transfer.scope import Kind

_BATCH = 10_000
"""Names in one statement. SQLite takes 32,766 values."""

Values = dict[str, str]


class There:
    """The definitions of a kind that a file names, and what a new one would be."""

    def __init__(self, kind: Kind, names: list[str], *, lock: bool) -> None:
        self.kind = kind
        self.taken = set(_names_there(kind, sorted({*names}), lock=lock))
        """The names that are taken, even by definitions that may not be seen."""
        self.defaults = self._fixed_defaults()
        self._there = {each.name: each for each in self._visible()}

    def _visible(self) -> Iterator[Any]:
        visible = with_named(self.kind.visible, self.kind.fields)
        for batch in batches(sorted(self.taken), _BATCH):
            yield from visible.filter(name__in=batch)

    def changeable(self, name: str) -> Any:
        """The definition of this name; None if there is none that may be seen and changed."""
        found = self._there.get(name)
        return found if found is not None and self.kind.may_change(found) else None

    def values(self, definition: JobDefinition) -> Values:
        """The values of its fields, as JSON."""
        fields = self.kind.fields.items()
        return {name: json_of(value_of(field, definition)) for name, field in fields}

    def _fixed_defaults(self) -> Values:
        """Defaults that are the same each time: no current time, no random key."""
        one, other = (self.values(self.kind.model()) for _ in range(2))
        return {name: value for name, value in one.items() if value == other[name]}


def _names_there(kind: Kind, names: list[str], *, lock: bool) -> Iterator[str]:
    there = rows_of(kind.model).order_by("pk")
    if lock:
        there = there.select_for_update()
    for batch in batches(names, _BATCH):
        yield from (name for _pk, name in there.filter(name__in=batch).values_list("pk", "name"))
