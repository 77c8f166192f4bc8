"""The dry run: what an import of a file would do. Nothing is saved.

Entries are compared with the saved definitions, and validated by the model, but without the checks
that would query the database for each entry.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from time import thread_time
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from countjobs.admin.guarded import may_use
from countjobs.admin.transfer.carried import carried_fields
from countjobs.database.primary import rows_of
from countjobs.models import JobDefinition
from countjobs.models.names import refuse_marks
from countjobs.text import describe
from countjobs.transfer.entries import Change, Entry, State, interpret
from countjobs.transfer.format import Fields, json_of, value_of, with_named
from countjobs.transfer.reading import read_entries

MOST_SECONDS = 20
"""Computing time for a file. A malicious schedule takes 10 ms, and there may be thousands."""

Values = dict[str, str]


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
            [each.state, each.name, each.problems, [vars(change) for change in each.changes]]
            for each in self.entries
        ]
        return sha256(json.dumps(told).encode()).hexdigest()


def dry_run(
    model_admin: admin.ModelAdmin[Any],
    request: HttpRequest,
    text: str,
    *,
    refused: dict[str, str] | None = None,
    lock: bool = False,
) -> Plan:
    """What an import of a file by this user would do. Nothing is saved.

    `refused` has the names that the database has refused, with the reasons. `lock` locks the saved
    definitions until the end of the transaction. Raises ValidationError if the whole file is
    refused.
    """
    return _DryRun(model_admin, request, refused or {}).plan(text, lock=lock)


class _DryRun:
    def __init__(
        self, model_admin: admin.ModelAdmin[Any], request: HttpRequest, refused: dict[str, str]
    ) -> None:
        self._model_admin = model_admin
        self._request = request
        self._refused = refused
        self._model: type[JobDefinition] = model_admin.model
        self._fields = carried_fields(model_admin, request)
        self._ends = thread_time() + MOST_SECONDS

    def plan(self, text: str, *, lock: bool) -> Plan:
        entries = interpret(read_entries(text), self._model, self._fields)
        names = [entry.name for entry in entries if not entry.problems]
        self._defaults = self._fixed_defaults()
        self._taken = self._names_there(names, lock=lock)
        there = self._model_admin.get_queryset(self._request).filter(name__in=self._taken)
        self._there = {each.name: each for each in with_named(there, self._fields)}
        for entry in entries:
            self._judge(entry)
        return Plan(entries)

    def _names_there(self, names: list[str], *, lock: bool) -> set[str]:
        """The names that are taken, even by definitions that this user may not see."""
        there = rows_of(self._model).filter(name__in=names).order_by("pk")
        if lock:
            there = there.select_for_update()
        return {name for _pk, name in there.values_list("pk", "name")}

    def _values(self, definition: JobDefinition) -> Values:
        return {name: json_of(value_of(field, definition)) for name, field in self._fields.items()}

    def _fixed_defaults(self) -> Values:
        """Defaults that are the same each time: no current time, no random key."""
        one, other = self._values(self._model()), self._values(self._model())
        return {name: value for name, value in one.items() if value == other[name]}

    def _judge(self, entry: Entry) -> None:
        if thread_time() > self._ends:
            raise ValidationError(_("The file takes too long to check. Split it."))
        if reason := self._refused.get(entry.name):
            entry.problems.append(("", reason))
        if entry.problems:
            validate_rest(entry, self._model(), self._fields)
        elif entry.name not in self._taken:
            self._refuse_marks(entry)
            self._compare(entry, self._model(), self._defaults, State.ADDED)
        elif definition := self._changeable(entry.name):
            self._compare(entry, definition, self._values(definition), State.CHANGED)
        else:
            message = _("A definition with this name exists, and you may not change it.")
            entry.refuse("name", ValidationError(message, code="forbidden"))

    def _refuse_marks(self, entry: Entry) -> None:
        """A new name must not look like another one because of invisible characters."""
        try:
            refuse_marks(entry.name, lambda bare: bare in self._taken)
        except ValidationError as error:
            entry.refuse("name", error)

    def _changeable(self, name: str) -> JobDefinition | None:
        found = self._there.get(name)
        return found if self._model_admin.has_change_permission(self._request, found) else None

    def _compare(self, entry: Entry, definition: JobDefinition, old: Values, state: State) -> None:
        for name, value in entry.values.items():
            setattr(definition, name, value)
        if state is State.ADDED or self._values(definition) != old:
            validate(entry, definition, self._fields)
            if not may_use(self._request.user, definition):
                needed = definition.permission_needed
                message = _("What it calls needs a permission that you don't have: %(needed)s.")
                entry.refuse("", ValidationError(message, params={"needed": needed}))
        if entry.problems:
            return
        new = self._values(definition)
        entry.changes = [
            Change(name, old.get(name, ""), new[name])
            for name in new
            if name != "name"  # it is the entry's own
            and (name in old or name in entry.values)
            and old.get(name) != new[name]
        ]
        is_same = state is State.CHANGED and not entry.changes
        entry.state = State.UNCHANGED if is_same else state
        entry.definition = definition


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
