"""Definitions that need a permission of their own, beside those of their kind: a function's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib import messages
from django.utils.translation import ngettext

from countjobs.functions.callees import is_known
from countjobs.models import JobDefinition
from countjobs.models.kinds import has_callees

if TYPE_CHECKING:
    from django.contrib import admin
    from django.http import HttpRequest

_D = TypeVar("_D", bound=JobDefinition)


def has_needed(user: Any, permission: str) -> bool:
    """Whether a user has a permission; "" if none is needed."""
    return not permission or bool(user.has_perm(permission))


def may_use(user: Any, definition: JobDefinition | None) -> bool:
    """Whether a user may change or copy a definition, as far as what it calls goes."""
    return definition is None or has_needed(user, definition.permission_needed)


def may_start(user: Any, definition: JobDefinition) -> bool:
    """Whether a user may run or resume it.

    Nobody knows which permission a function needs that isn't here. It may come back, so only
    superusers may.
    """
    if user.is_active and user.is_superuser:
        return True
    is_there = not definition.callee or is_known(definition.callee)
    return is_there and may_use(user, definition)


def is_guarded(kind: type[JobDefinition]) -> bool:
    """Whether there may be definitions of a kind that not all who may run the kind may start."""
    return kind.permission_needed != "" or has_callees(kind)  # else they are properties


def startable(
    model_admin: admin.ModelAdmin[Any],
    request: HttpRequest,
    definitions: Iterable[_D],
    may: Callable[[Any, _D], bool] = may_start,
) -> list[_D]:
    """Those that the user may run or resume. A message says how many were left out."""
    given = list(definitions)
    allowed = [each for each in given if may(request.user, each)]
    if count := len(given) - len(allowed):
        text = ngettext(
            "%d definition was left out: you may not use what it calls.",
            "%d definitions were left out: you may not use what they call.",
            count,
        )
        model_admin.message_user(request, text % count, messages.WARNING)
    return allowed
