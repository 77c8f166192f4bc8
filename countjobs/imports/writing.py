"""Writing what was found: each definition once, and never over what is there."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from django.core.exceptions import ValidationError

from countjobs.database.primary import rows_of
from countjobs.imports.found_schedules import Entries, Entry
from countjobs.models import JobDefinition
from countjobs.text import visible


class Outcome(StrEnum):
    """What becomes of an entry."""

    MADE = "made"
    UNCHANGED = "unchanged"
    LEFT = "left as it is"
    NOT_TAKEN = "not imported"


def write(entries: Entries) -> Iterator[tuple[Outcome, Entry]]:
    """Save the definitions that aren't there yet, one after the other."""
    for entry in entries:
        yield _write(entry), entry


def _write(entry: Entry) -> Outcome:
    made = entry.definition
    if made is None:
        return Outcome.NOT_TAKEN
    there = rows_of(type(made)).filter(name=made.name).first()
    if there is not None:
        return _compare(entry, made, there)
    try:
        made.full_clean()
    except ValidationError as error:
        entry.reason = reasons(error)
        return Outcome.NOT_TAKEN
    made.save()
    return Outcome.MADE


def _compare(entry: Entry, made: JobDefinition, there: JobDefinition) -> Outcome:
    """What is to be said of one that is there: whether it is what would be made."""
    try:
        made.clean_fields(exclude={"name"})
    except ValidationError as error:
        entry.reason = reasons(error)
        return Outcome.NOT_TAKEN
    differing = [
        field.name
        for field in made._meta.concrete_fields
        if not field.primary_key and field.value_from_object(made) != field.value_from_object(there)
    ]
    if not differing:
        return Outcome.UNCHANGED
    entry.reason = (
        f"A definition with this name is there, and differs in {', '.join(differing)}. To import"
        " it again, rename or delete that one."
    )
    return Outcome.LEFT


def reasons(error: ValidationError) -> str:
    """What is wrong with a definition, in one line."""
    found = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    told = (
        f"{name}: {message}" if name and name != "__all__" else message
        for name, messages in found.items()
        for message in messages
    )
    return visible(" ".join(told))
