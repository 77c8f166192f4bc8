"""What can be done on the page of one definition, beside editing it: run, pause, resume."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import quote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from countjobs.admin.addresses import address_of, name_of, row_of, view_of
from countjobs.admin.definitions.actions import set_enabled
from countjobs.admin.definitions.facts import facts_of
from countjobs.admin.definitions.run_now import RunView
from countjobs.admin.definitions.schedules import SchedulePages
from countjobs.models import JobDefinition


class DefinitionTools(SchedulePages):
    """Their addresses, and the buttons for who may use them."""

    change_form_template = "admin/countjobs/definition/change_form.html"

    def get_urls(self) -> list[URLPattern]:
        """As Django's, and those of the buttons."""
        views: dict[str, Callable[..., HttpResponse]] = {
            "run": require_http_methods(["GET", "HEAD", "POST"])(self.run_view),
            "pause": require_POST(self.pause_view),
            "resume": require_POST(self.resume_view),
        }
        own = [
            path(
                f"<path:object_id>/{name}/",
                view_of(self.admin_site, view),
                name=name_of(self.opts, name),
            )
            for name, view in views.items()
        ]
        return [*own, *super().get_urls()]

    def run_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The page that asks for a run."""
        if not self.has_run_permission(request):
            raise PermissionDenied
        definition = row_of(self, request, object_id, self.has_view_permission)
        return RunView(self, request).respond(definition)

    def pause_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Disable the definition, until it is resumed."""
        return self._switch(request, object_id, enabled=False)

    def resume_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Enable the definition. What was due meanwhile is not made up for."""
        return self._switch(request, object_id, enabled=True)

    def _switch(self, request: HttpRequest, object_id: str, *, enabled: bool) -> HttpResponse:
        may = (self.has_pause_permission, self.has_view_permission)
        definition = row_of(self, request, object_id, *may)
        set_enabled(request, self.get_queryset(request).filter(pk=definition.pk), enabled=enabled)
        definition = row_of(self, request, object_id, *may)  # it may have been deleted meanwhile
        if enabled:
            self.announce(request, definition)
        else:
            self.message_user(request, _("It is paused until it is resumed."), messages.SUCCESS)
        return HttpResponseRedirect(self._url("change", definition))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """As Django's, with the buttons that this person may press."""
        if original := context.get("original"):
            context["tools"] = self._tools(request, original)
        return super().render_change_form(request, context, *args, **kwargs)

    def _tools(self, request: HttpRequest, definition: JobDefinition) -> dict[str, str]:
        tools = {}
        if self.has_run_permission(request):
            tools["run_url"] = self._url("run", definition)
        if self.has_pause_permission(request, definition):
            name = "pause" if facts_of(definition).enabled else "resume"
            tools[f"{name}_url"] = self._url(name, definition)
        return tools

    def _url(self, name: str, definition: JobDefinition) -> str:
        return address_of(self.admin_site, self.opts, name, quote(str(definition.pk)))
