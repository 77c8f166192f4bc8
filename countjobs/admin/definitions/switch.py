"""`enabled` as a switch in the list: a button that posts, which a script makes work in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import quote
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from countjobs.admin.addresses import address_of, name_of, row_of, view_of
from countjobs.admin.definitions.actions import set_enabled
from countjobs.admin.definitions.facts import facts_of
from countjobs.admin.definitions.schedules import SchedulePages
from countjobs.admin.display import badge
from countjobs.models import JobDefinition

_ADDRESS = "_countjobs_switch_address"
_WANTED = {"0": False, "1": True}


class SwitchPages(SchedulePages):
    """A column that shows whether a definition is enabled, and changes it for who may."""

    @admin.display(description=_("enabled"), ordering="enabled")
    def switch(self, definition: JobDefinition) -> SafeString:
        """A switch; for who may not turn it, what it says."""
        if address := definition.__dict__.get(_ADDRESS):
            context = {"definition": definition, "address": address, "id": _id(definition)}
            return render_to_string("countjobs/switch.html", context)
        return badge("on", "✓", _("on")) if definition.enabled else badge("off", "‖", _("off"))

    def attach_switches(self, request: HttpRequest, definitions: Sequence[JobDefinition]) -> None:
        """Give each definition its switch's address, if the user may turn it."""
        if self.has_pause_permission(request):
            filters = self.get_preserved_filters(request)
            for definition in definitions:
                key = quote(str(definition.pk))
                address = address_of(self.admin_site, self.opts, "enabled", key)
                given = f"{address}?{filters}" if filters else address
                definition.__dict__[_ADDRESS] = given

    def get_urls(self) -> list[URLPattern]:
        """As Django's, and that of the switches."""
        view = view_of(self.admin_site, require_POST(self.turn))
        name = name_of(self.opts, "enabled")
        return [path("<path:object_id>/enabled/", view, name=name), *super().get_urls()]

    def turn(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Enable or disable a definition, and tell what comes of it.

        Raises Http404, or PermissionDenied for who may not do it, or BadRequest for what is neither
        on nor off.
        """
        may = (self.has_pause_permission, self.has_view_permission)
        definition = row_of(self, request, object_id, *may)
        enabled = _WANTED.get(request.POST.get("enabled", ""))
        if enabled is None:
            raise BadRequest
        set_enabled(request, self.get_queryset(request).filter(pk=definition.pk), enabled=enabled)
        definition = row_of(self, request, object_id, *may)  # it may have been deleted meanwhile
        self.show_page(request, [definition])
        level, words = _said(definition)
        if "in_place" in request.POST:
            facts = facts_of(definition)
            answer = {"enabled": facts.enabled, "next_run": facts.next_run(), "said": words}
            return JsonResponse(answer)
        self.message_user(request, words, level)
        return HttpResponseRedirect(f"{self._list_address(request)}#{_id(definition)}")

    def _list_address(self, request: HttpRequest) -> str:
        """The list as it was filtered, sorted and paged."""
        filters = self.get_preserved_filters(request)
        context: dict[str, Any] = {"preserved_filters": filters, "opts": self.opts}
        return str(
            add_preserved_filters(context, address_of(self.admin_site, self.opts, "changelist"))
        )


def _id(definition: JobDefinition) -> str:
    """What an address points to, so that a page that is loaded anew goes on where it was."""
    return f"countjobs-switch-{definition.pk}"


def _said(definition: JobDefinition) -> tuple[int, str]:
    """The message for somebody who has turned it: its level and its text."""
    name = {"name": str(definition)}
    if not definition.enabled:
        return messages.SUCCESS, gettext("“%(name)s” won't run until it is switched on.") % name
    level, comes = facts_of(definition).announcement()
    return level, gettext("“%(name)s” is on. %(comes)s") % {**name, "comes": comes}
