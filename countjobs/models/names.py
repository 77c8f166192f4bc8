"""Names of definitions that people can tell apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from countjobs.database.primary import rows_of
from countjobs.text import validate_marks, without_marks

LONGEST = 200
"""Characters of the name of a definition."""


def validate_name(definition: Any) -> None:
    """Check that invisible characters don't make a definition's name look like another one.

    A row may keep the name that it already has. Raises ValidationError.
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


def first_free(
    stem: str, suffixes: Iterable[str], is_taken: Callable[[str], bool], longest: int = LONGEST
) -> str:
    """The first name that isn't taken: the stem with one suffix after the other, cut to fit."""
    names = (f"{stem[: longest - len(suffix)].rstrip()}{suffix}" for suffix in suffixes)
    return next(name for name in names if not is_taken(name))


def refuse_marks(name: str, is_taken: Callable[[str], bool]) -> None:
    """Check that a new name has no needless invisible characters, and needs none to be unique.

    Raises ValidationError.
    """
    validate_marks(name)
    bare = without_marks(name)
    if bare != name and is_taken(bare):
        message = _("This name looks like the name of another definition: “%(name)s”.")
        raise ValidationError(message, code="looks_alike", params={"name": bare})
