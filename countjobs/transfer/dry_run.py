"""The dry run: what an import of a file would do. Nothing is saved.

Entries are compared with the saved definitions, and validated by the model, but without the checks
that would query the database for each entry.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from time import thread_time
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from countjobs.models import JobDefinition
from countjobs.models.names import refuse_marks
from countjobs.models.schedule_fields import ScheduleType
from countjobs.text import describe
from countjobs.transfer.entries import Change, Entry, State, interpret
from countjobs.transfer.format import Fields
from countjobs.transfer.reading import read_entries
from countjobs.transfer.scope import Kind, Scope
from countjobs.transfer.there import There, Values

MOST_SECONDS = 20
"""Computing time for a file. A malicious schedule takes 10 ms, and there may be thousands."""


@dataclass(frozen=True)
class Plan:
    """What an import would do with every entry of a file."""

    entries: list[Entry]

    def having(self, state: State) -> list[Entry]:
        """The entries with a state."""
        return [entry for entry in self.entries if entry.state is state]

    @property
    def to_save(self) -> list[Entry]:
        """What an import would write, in the order of the file."""
        return [each for each in self.entries if each.state in (State.ADDED, State.CHANGED)]

    def digest(self) -> str:
        """A digest of the plan: equal for plans that do the same."""
        told = [
            [each.state, each.key, each.problems, [vars(change) for change in each.changes]]
            for each in self.entries
        ]
        return sha256(json.dumps(told).encode()).hexdigest()


def dry_run(
    scope: Scope, text: str, *, refused: Mapping[str, str] | None = None, lock: bool = False
) -> Plan:
    """What an import of a file would do. Nothing is saved.

    `refused` has the keys of entries that the database has refused, with the reasons. `lock` locks
    the saved definitions until the end of the transaction. Raises ValidationError if the whole file
    is refused.
    """
    return _DryRun(scope, refused or {}).plan(text, lock=lock)


class _DryRun:
    def __init__(self, scope: Scope, refused: Mapping[str, str]) -> None:
        self._scope = scope
        self._refused = refused
        self._ends = thread_time() + MOST_SECONDS

    def plan(self, text: str, *, lock: bool) -> Plan:
        entries = interpret(read_entries(text, is_bounded=self._scope.is_bounded), self._scope)
        for kind in self._scope.kinds.values():  # always in the same order, for the locks
            self._judge_all([each for each in entries if each.kind is kind], kind, lock=lock)
        return Plan(entries)

    def _judge_all(self, entries: list[Entry], kind: Kind, *, lock: bool) -> None:
        if not entries:
            return
        there = There(kind, [each.name for each in entries if not each.problems], lock=lock)
        for entry in entries:
            self._judge(entry, there)

    def _judge(self, entry: Entry, there: There) -> None:
        if self._scope.is_bounded and thread_time() > self._ends:
            raise ValidationError(_("The file takes too long to check. Split it."))
        if reason := self._refused.get(entry.key):
            entry.problems.append(("", reason))
        if entry.problems:
            validate_rest(entry, there.kind.model(), there.kind.fields)
        elif entry.name not in there.taken:
            _refuse_marks(entry, there.taken)
            _compare(entry, there.kind.model(), there, State.ADDED)
        elif definition := there.changeable(entry.name):
            _compare(entry, definition, there, State.CHANGED)
        else:
            message = _("A definition with this name exists, and you may not change it.")
            entry.refuse("name", ValidationError(message, code="forbidden"))


def _refuse_marks(entry: Entry, taken: Set[str]) -> None:
    """A new name must not look like another one because of invisible characters."""
    try:
        refuse_marks(entry.name, lambda bare: bare in taken)
    except ValidationError as error:
        entry.refuse("name", error)


def _compare(entry: Entry, definition: JobDefinition, there: There, state: State) -> None:
    old = there.defaults if state is State.ADDED else there.values(definition)
    _set_values(entry, definition)
    if state is State.ADDED or there.values(definition) != old:
        validate(entry, definition, there.kind.fields)
        if not there.kind.may_use(definition):
            needed = definition.permission_needed
            message = _("What it calls needs a permission that you don't have: %(needed)s.")
            entry.refuse("", ValidationError(message, params={"needed": needed}))
    if entry.problems:
        return
    entry.changes = _changes(entry, old, there.values(definition))
    is_same = state is State.CHANGED and not entry.changes
    entry.state = State.UNCHANGED if is_same else state
    entry.definition = definition


def _set_values(entry: Entry, definition: JobDefinition) -> None:
    """Set what the entry has. A saved interval that is to count from no other moment goes on
    counting from its own: importing the same again changes nothing.
    """
    was_interval = definition.schedule_type == ScheduleType.INTERVAL
    start = definition.start_date if was_interval else None
    for name, value in entry.values.items():
        setattr(definition, name, value)
    if definition.schedule_type == ScheduleType.INTERVAL and definition.start_date is None:
        definition.start_date = start


def _changes(entry: Entry, old: Values, new: Values) -> list[Change]:
    return [
        Change(name, old.get(name, ""), new[name])
        for name in new
        if name != "name"  # it is the entry's own
        and (name in old or name in entry.values)
        and old.get(name) != new[name]
    ]


def validate(entry: Entry, definition: JobDefinition, fields: Fields) -> None:
    """Validate a definition with an entry's values. Fields that files don't carry are left alone.

    The rows that references mean were found before.
    """
    not_carried = {field.name for field in definition._meta.concrete_fields} - {*fields}
    not_carried.discard(definition._meta.pk.name)
    found = {
        name
        for name, value in entry.values.items()
        if fields[name].is_relation and value is not None
    }
    clean = partial(definition.full_clean, validate_unique=False, validate_constraints=False)
    _check(entry, partial(clean, exclude=not_carried | found))


def validate_rest(entry: Entry, definition: JobDefinition, fields: Fields) -> None:
    """What else is wrong with a refused entry, so that it can be corrected in one go."""
    wrong = {name for name, _reason in entry.problems}
    given = {
        name: value
        for name, value in entry.values.items()
        if name not in wrong and not fields[name].is_relation
    }
    for name, value in given.items():
        setattr(definition, name, value)
    others = {field.name for field in definition._meta.fields} - {*given}
    _check(entry, partial(definition.clean_fields, others))


def _check(entry: Entry, clean: Callable[[], Any]) -> None:
    try:
        clean()
    except ValidationError as error:
        entry.refuse("", error)
    except Exception as error:  # a kind's own validation may do anything
        entry.problems.append(("", describe(error)))
