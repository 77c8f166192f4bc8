"""Copies of definitions: each has an unused name, and is not enabled."""

from __future__ import annotations

import copy
import re
from collections.abc import Collection, Iterable
from itertools import chain, count
from operator import attrgetter
from typing import Any, TypeVar

from django.contrib import admin
from django.db import models, transaction
from django.http import HttpRequest
from django.utils.translation import gettext

from countjobs.admin.changes import log_added
from countjobs.admin.one_row import row_at
from countjobs.database.deadlocks import again_after_deadlock
from countjobs.database.primary import rows_of
from countjobs.models import JobDefinition
from countjobs.models.names import first_free

MOST = 1_000
"""How many at once."""

_D = TypeVar("_D", bound=JobDefinition)


@again_after_deadlock
def duplicate(user_pk: object, definitions: Iterable[_D]) -> list[_D]:
    """Save a copy of each, and log it: all of them, or none.

    They are saved in the order of their names, so that two requests at once don't deadlock. Raises
    IntegrityError if a copy breaks a unique constraint.
    """
    with transaction.atomic():
        ordered = sorted(definitions, key=attrgetter("name"))
        copies = [_copied(definition) for definition in ordered]
        log_added(user_pk, copies)
    return copies


def free_name(name: str, taken: Collection[str], longest: int) -> str:
    """The first of "NAME (copy)", "NAME (copy 2)" … that isn't taken. NAME is cut to fit.

    A copy of a copy is named like a copy of the original: never "NAME (copy) (copy)".
    """
    stem = _stem(name)
    suffixes = chain([f" ({_word()})"], (f" ({_word()} {n})" for n in count(2)))
    return first_free(stem, suffixes, taken.__contains__, longest)


def _word() -> str:
    return gettext("copy")


def _stem(name: str) -> str:
    return re.sub(rf" \({re.escape(_word())}(?: \d{{1,9}})?\)$", "", name)


def _copied(definition: _D) -> _D:
    copied = copy.copy(definition)
    copied.pk = None
    copied._state = models.base.ModelState()
    copied.name = free_name_of(definition)
    copied.enabled = False
    copied.save(force_insert=True)
    for field in definition._meta.many_to_many:
        getattr(copied, field.name).set(getattr(definition, field.name).all())
    return copied


def free_name_of(definition: JobDefinition) -> str:
    """A name for a copy that no other definition of its kind has."""
    longest: Any = definition._meta.get_field("name").max_length
    # Names are cut for their suffix, so names that are in the way may agree only so far.
    stem = _stem(definition.name)[: longest - len(f" ({_word()} {'9' * 9})")].rstrip()
    rows = rows_of(type(definition)).filter(name__startswith=stem)
    return free_name(definition.name, set(rows.values_list("name", flat=True)), longest)


def is_saved_as_new(request: HttpRequest) -> bool:
    """Whether a form asks for a new definition instead of changing the one that it shows."""
    return "_saveasnew" in request.POST


def original_of(model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> Any:
    """The definition that the page of a request shows; None if it is gone."""
    shown = request.resolver_match.kwargs if request.resolver_match else {}
    return row_at(model_admin, request, str(shown.get("object_id", "")))


def name_copy(model_admin: admin.ModelAdmin[Any], request: HttpRequest, object_id: str) -> None:
    """Give a copy that still has its original's name an unused one."""
    if not is_saved_as_new(request):
        return
    original = row_at(model_admin, request, object_id)
    if original and request.POST.get("name", "").strip() == original.name:
        posted = request.POST.copy()
        posted["name"] = free_name_of(original)
        request.POST = posted  # type: ignore[assignment]  # as mutable as Django's would be
