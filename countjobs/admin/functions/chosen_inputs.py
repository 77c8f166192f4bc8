"""What the script of the form asks for when another function or command is chosen: its inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse

from countjobs.admin.one_row import row_of
from countjobs.admin.urls import OF_ROW, WRITE, Page

if TYPE_CHECKING:
    from countjobs.admin.functions.admin import CallAdmin


def _inputs(
    model_admin: CallAdmin, request: HttpRequest, object_id: str | None = None
) -> HttpResponse:
    """The inputs of what is chosen, as HTML. Raises Http404, or PermissionDenied."""
    if object_id is None:
        if not model_admin.has_add_permission(request):
            raise PermissionDenied
        definition = model_admin.model()
    else:
        definition = row_of(model_admin, request, object_id, model_admin.has_change_permission)
    form_class: Any = model_admin.get_form(request, definition, change=object_id is not None)
    call = model_admin.call_field
    chosen = request.POST.get(call, "")
    if chosen != getattr(definition, call) and not form_class.base_fields[call].valid_value(chosen):
        raise PermissionDenied
    form = form_class(instance=definition, initial={call: chosen})
    return JsonResponse({"html": str(form["arguments"])})


PAGES = (
    Page("inputs_new", "inputs/", _inputs, WRITE),
    Page("inputs", f"{OF_ROW}inputs/", _inputs, WRITE),
)
