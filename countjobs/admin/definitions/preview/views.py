"""What the scripts of a definition's form ask the server: to read a crontab line, and to preview.

Nothing is saved. Both are for staff who may add or change such a definition.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST

from countjobs.admin.addresses import View, name_of, row_of, view_of
from countjobs.admin.definitions.form import CRONTAB, filled_words
from countjobs.admin.definitions.preview.form import read_schedule
from countjobs.admin.definitions.preview.meaning import Preview, preview_of, viewer_zone
from countjobs.admin.definitions.preview.turns import NewestFirst
from countjobs.triggers.crontab import CrontabError, read_crontab

_LONGEST_WAIT_SECONDS = 2.0
_previews = NewestFirst()
"""Whose preview is being made, of those that this process is asked for."""


class ScheduleViews:
    """The two views of a kind of definition."""

    def __init__(self, model_admin: admin.ModelAdmin[Any]) -> None:
        self.model_admin = model_admin

    def urls(self) -> list[URLPattern]:
        """Their addresses, beside those of the page to add one, and of each page to change one."""
        opts = self.model_admin.opts
        views = {"crontab": self.crontab, "preview": self.preview}
        return [
            path(f"{place}{name}/", self._guarded(view), name=name_of(opts, f"{name}{suffix}"))
            for place, suffix in (("", "_new"), ("<path:object_id>/", ""))
            for name, view in views.items()
        ]

    def _guarded(self, view: View) -> View:
        return view_of(self.model_admin.admin_site, require_POST(view))

    def crontab(self, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
        """The eight fields of a crontab line, or the reason why it is refused."""
        self._definition(request, object_id)
        try:
            crontab = read_crontab(request.POST.get(CRONTAB, ""))
        except CrontabError as error:
            return JsonResponse({"error": str(error)})
        return JsonResponse({"fields": crontab.values, "note": filled_words(crontab)})

    def preview(self, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
        """The preview of what is in the form, as HTML; 429 for one that a newer one has overtaken.

        Each person has one at a time, so that nobody keeps a web server busy with them.
        """
        definition = self._definition(request, object_id)
        with _previews.turn(request.user.pk, _LONGEST_WAIT_SECONDS) as is_on:
            if not is_on:
                return HttpResponse(status=429)
            return self._preview(request, definition)

    def _preview(self, request: HttpRequest, definition: Any) -> HttpResponse:
        enabled = definition.enabled
        if "enabled" not in self.model_admin.get_readonly_fields(request):
            enabled = "enabled" in request.POST
        errors = read_schedule(self.model_admin, request, definition)
        definition.enabled = enabled
        viewer = viewer_zone(request.POST.get("viewer_zone", ""))
        preview = (
            Preview(errors=errors) if errors else preview_of(definition, timezone.now(), viewer)
        )
        return HttpResponse(preview.render())

    def _definition(self, request: HttpRequest, object_id: str | None) -> Any:
        """What is edited. Raises Http404, or PermissionDenied for who may not edit it."""
        page = self.model_admin
        if object_id is None:
            if not page.has_add_permission(request) and not page.has_change_permission(request):
                raise PermissionDenied
            return page.model()
        return row_of(page, request, object_id, page.has_change_permission)
