"""What the page of an execution does: run its job again, cancel it, and follow it as it goes on."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from countjobs.admin.addresses import View, row_of, view_of
from countjobs.admin.executions.running import may_run
from countjobs.admin.links import Links
from countjobs.admin.lookup import definitions_of
from countjobs.history import lifecycle
from countjobs.history.requests import request_run
from countjobs.models import Execution
from countjobs.models.executions import ACTIVE
from countjobs.models.kinds import definition_key
from countjobs.text import shown


class ExecutionViews:
    """The views beside the page of an execution."""

    def __init__(self, model_admin: admin.ModelAdmin[Any]) -> None:
        self.model_admin = model_admin

    def urls(self) -> list[URLPattern]:
        """Their addresses."""
        views: dict[str, View] = {
            "live": require_safe(self.live),
            "again": require_POST(self.again),
            "cancel": require_POST(self.cancel),
        }
        site = self.model_admin.admin_site
        return [
            path(
                f"<path:object_id>/{name}/",
                view_of(site, view),
                name=f"countjobs_execution_{name}",
            )
            for name, view in views.items()
        ]

    def live(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The parts of its page that change while it goes on, as HTML."""
        self._execution(request, object_id)
        page = self.model_admin.changeform_view(request, object_id)
        if isinstance(page, TemplateResponse):
            page.template_name = "admin/countjobs/execution/parts.html"
        return page

    def again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for a run with the same parameters, and go to its page."""
        old = self._execution(request, object_id, to_run=True)
        if old.status in ACTIVE:
            text = _("It can't run again before it has ended.")
            self._tell(request, messages.WARNING, text)
            return self._to(request, old)
        definition = definitions_of([old.job_id]).get(old.job_id)
        if definition is None and definition_key(old.job_id) is not None:
            self._tell(request, messages.ERROR, _("The job was deleted: it can't run again."))
            return self._to(request, old)
        try:
            new = request_run(
                old.job_id,
                definition.name if definition else old.job_name,
                requested_by=request.user.get_username(),
                parameters=old.parameters,
            )
        except ValueError:  # the kind of job allowed it then
            text = _("It can't run again with what was changed for that run: that isn't allowed.")
            self._tell(request, messages.ERROR, text)
            return self._to(request, old)
        self._tell(request, messages.SUCCESS, _("Run requested."))
        return self._to(request, new)

    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End it before it has begun. Whoever is faster, this or a scheduler, has it."""
        queued = self._execution(request, object_id, to_run=True)
        reason = _("Cancelled by %s.") % shown(request.user.get_username())
        if lifecycle.cancel(queued.pk, reason, timezone.now()):
            self._tell(request, messages.SUCCESS, _("It was cancelled."))
        else:
            text = _("It was too late to cancel it: it isn't queued any more.")
            self._tell(request, messages.WARNING, text)
        return self._to(request, queued)

    def _execution(
        self, request: HttpRequest, object_id: str, *, to_run: bool = False
    ) -> Execution:
        """What the page is of. Raises Http404, or PermissionDenied for who may not do this."""
        page = self.model_admin
        found: Execution = row_of(page, request, object_id, page.has_view_permission)
        if to_run and not may_run(request, page.admin_site, found.job_id):
            raise PermissionDenied
        return found

    def _tell(self, request: HttpRequest, level: int, text: str) -> None:
        self.model_admin.message_user(request, text, level)

    def _to(self, request: HttpRequest, execution: Execution) -> HttpResponse:
        links = Links(request, self.model_admin.admin_site)
        return HttpResponseRedirect(links.to_object(Execution, execution.pk))
