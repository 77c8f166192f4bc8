"""Names of definitions that people can tell apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from countjobs.database.primary import rows_of
from countjobs.text import validate_marks, without_marks


def validate_name(definition: Any) -> None:
    """The name of a definition doesn't pass for another one's by what can't be seen in it.

    A row that has had its name before keeps it. Raises ValidationError.
    """
    name = definition.name
    if without_marks(name) == name:
        return
    others = rows_of(type(definition))
    if not definition._state.adding and others.filter(pk=definition.pk, name=name).exists():
        return
    others = others.exclude(pk=definition.pk)
    try:
        refuse_marks(name, lambda bare: others.filter(name=bare).exists())
    except ValidationError as error:
        raise ValidationError({"name": error}) from error


def refuse_marks(name: str, is_taken: Callable[[str], bool]) -> None:
    """A new name has no marks that it doesn't need, nor only those to tell it from another.

    Raises ValidationError.
    """
    validate_marks(name)
    bare = without_marks(name)
    if bare != name and is_taken(bare):
        message = _("This name looks like the name of another definition: “%(name)s”.")
        raise ValidationError(message, code="looks_alike", params={"name": bare})
