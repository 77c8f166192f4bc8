"""The model's own validation of entries, but what would ask the database for each of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError

from countjobs.admin.transfer.format import Fields
from countjobs.admin.transfer.import_plan import Entry
from countjobs.models import JobDefinition
from countjobs.text import describe


def validate(entry: Entry, definition: JobDefinition, fields: Fields) -> None:
    """Validate what an entry makes of a definition; fields that no file carries are left alone.

    What references refer to was found already.
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
    """What else is wrong with an entry that is refused: it is to be mended at one go."""
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
