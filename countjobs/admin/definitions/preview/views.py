"""What the scripts of a definition's form request: to read a crontab line, and to preview.

Nothing is saved. Both are for users who may add or change such a definition.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from countjobs.admin.definitions.form import CRONTAB, filled_words
from countjobs.admin.definitions.preview.meaning import Preview, preview_of, viewer_zone
from countjobs.admin.definitions.preview.one_at_a_time import NewestFirst
from countjobs.admin.definitions.preview.posted import read_schedule
from countjobs.admin.one_row import row_of
from countjobs.admin.urls import OF_ROW, WRITE, Page
from countjobs.models import JobDefinition
from countjobs.triggers.crontab import CrontabError, read_crontab

_LONGEST_WAIT_SECONDS = 2.0
_previews = NewestFirst()
"""The users for whom this process is making a preview."""


def _crontab(
    model_admin: admin.ModelAdmin[Any], request: HttpRequest, object_id: str | None = None
) -> HttpResponse:
    """The eight fields of a crontab line, or why it is invalid."""
    _edited(model_admin, request, object_id)
    try:
        crontab = read_crontab(request.POST.get(CRONTAB, ""))
    except CrontabError as error:
        return JsonResponse({"error": str(error)})
    return JsonResponse({"fields": crontab.values, "note": filled_words(crontab)})


def preview(
    model_admin: admin.ModelAdmin[Any], request: HttpRequest, object_id: str | None = None
) -> HttpResponse:
    """The preview of what is in the form, as HTML; 429 if a newer request has overtaken this one.

    Each user has one at a time, so that nobody keeps a web server busy with them.
    """
    definition = _edited(model_admin, request, object_id)
    with _previews.turn(request.user.pk, _LONGEST_WAIT_SECONDS) as is_on:
        if not is_on:
            return HttpResponse(status=429)
        return HttpResponse(_previewed(model_admin, request, definition).render())


def _previewed(
    model_admin: admin.ModelAdmin[Any], request: HttpRequest, definition: JobDefinition
) -> Preview:
    enabled = definition.enabled
    if "enabled" not in model_admin.get_readonly_fields(request):
        enabled = "enabled" in request.POST
    errors = read_schedule(model_admin, request, definition)
    definition.enabled = enabled
    if errors:
        return Preview(errors=errors)
    viewer = viewer_zone(request.POST.get("viewer_zone", ""))
    return preview_of(definition, timezone.now(), viewer)


def _edited(model_admin: admin.ModelAdmin[Any], request: HttpRequest, object_id: str | None) -> Any:
    """The definition that is being edited. Raises Http404, or PermissionDenied."""
    if object_id is None:
        may = (model_admin.has_add_permission, model_admin.has_change_permission)
        if not any(each(request) for each in may):
            raise PermissionDenied
        return model_admin.model()
    return row_of(model_admin, request, object_id, model_admin.has_change_permission)


PAGES = (
    Page("crontab_new", "crontab/", _crontab, WRITE),
    Page("preview_new", "preview/", preview, WRITE),
    Page("crontab", f"{OF_ROW}crontab/", _crontab, WRITE),
    Page("preview", f"{OF_ROW}preview/", preview, WRITE),
)
