"""The row that a URL names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

Permission = Callable[[HttpRequest, Any], bool]


def row_at(model_admin: admin.ModelAdmin[Any], request: HttpRequest, object_id: str) -> Any:
    """The row, or None. Its facts aren't read."""
    key = unquote(object_id)
    if "\0" in key:  # PostgreSQL can't be asked for it
        return None
    return admin.ModelAdmin.get_object(model_admin, request, key)


def row_of(
    model_admin: admin.ModelAdmin[Any], request: HttpRequest, object_id: str, *may: Permission
) -> Any:
    """The same. Raises Http404, or PermissionDenied if the user lacks one of the permissions."""
    found = row_at(model_admin, request, object_id)
    if not all(each(request, found) for each in may):
        raise PermissionDenied
    if found is None:
        raise Http404
    return found
