"""How a definition is saved: under a name that is free, and telling what comes of it."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse

from countjobs.admin.addresses import row_at
from countjobs.admin.definitions.copying import free_name_of
from countjobs.admin.definitions.enabling import tell_switch
from countjobs.admin.definitions.schedules import SchedulePages


class DefinitionSaving(SchedulePages):
    """Saving, saving as new, and the message after it."""

    save_as = True

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        """As Django's; what is saved as new and was given no name gets one.

        Where another took the name between check and save, it is checked anew.
        """
        if object_id and "_saveasnew" in request.POST:
            self._name_copy(request, object_id)
        try:
            return super().changeform_view(request, object_id, *args, **kwargs)
        except IntegrityError:  # nothing was saved: it is all one transaction
            return super().changeform_view(request, object_id, *args, **kwargs)

    def _name_copy(self, request: HttpRequest, object_id: str) -> None:
        original = row_at(self, request, object_id)
        if original and request.POST.get("name", "").strip() == original.name:
            posted = request.POST.copy()
            posted["name"] = free_name_of(original)
            request.POST = posted  # type: ignore[assignment]  # as mutable as Django's would be

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """As Django's. What is saved as new, by who may not resume it, is no more enabled than it
        was.
        """
        if "_saveasnew" in request.POST and not self.has_pause_permission(request):
            match = request.resolver_match
            object_id = str(match.kwargs.get("object_id", "")) if match else ""
            original = row_at(self, request, object_id)
            obj.enabled = bool(original and original.enabled)
        super().save_model(request, obj, form, change)

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        """As Django's, and which way it was switched."""
        parts: Any = super().construct_change_message(request, form, formsets, add)
        for part in parts:
            if "changed" in part:
                part["changed"] = tell_switch(part["changed"], form.instance.enabled)
        return parts

    def response_add(
        self, request: HttpRequest, obj: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """As Django's, and when it runs next."""
        response = super().response_add(request, obj, *args, **kwargs)
        self.announce(request, obj)
        return response

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """As Django's, and when it runs next."""
        response = super().response_change(request, obj)
        self.announce(request, obj)
        return response
