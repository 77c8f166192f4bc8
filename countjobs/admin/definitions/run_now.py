"""The page that asks for a run now, as the definition is or with other values for this once."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminErrorList, AdminForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from countjobs.admin.definitions.run_form import RunForm, run_form
from countjobs.admin.links import Links
from countjobs.history.requests import request_run
from countjobs.models import Execution, JobDefinition, SchedulerNode

_TEMPLATE = "admin/countjobs/definition/run.html"


class RunView:
    """The page of one definition. Nothing runs here: a request is filed, also for a paused one."""

    def __init__(self, page: admin.ModelAdmin[Any], request: HttpRequest) -> None:
        self.page = page
        self.request = request
        self.links = Links(request, page.admin_site)

    def respond(self, definition: JobDefinition) -> HttpResponse:
        """The form; or, where it was posted and is right, the way to the run that was filed."""
        name = str(definition)
        form = run_form(self.page, self.request, definition)
        if form.is_bound and form.is_valid():
            return self._file(definition, form)
        return TemplateResponse(self.request, _TEMPLATE, self._context(name, definition, form))

    def _file(self, definition: JobDefinition, form: RunForm) -> HttpResponse:
        execution = request_run(
            definition.job_id,
            definition.name,
            requested_by=self.request.user.get_username(),
            parameters=form.parameters(),
        )
        messages.success(self.request, _("Run requested."))
        if not SchedulerNode.objects.alive(timezone.now()).exists():
            text = _("No scheduler is running. The run waits until one is started.")
            messages.warning(self.request, text)
        url = self.links.to_object(Execution, execution.pk)
        return HttpResponseRedirect(url or self._definition_url(definition))

    def _definition_url(self, definition: JobDefinition) -> str:
        return self.links.to_object(type(definition), definition.pk)

    def _context(self, name: str, definition: JobDefinition, form: RunForm) -> dict[str, Any]:
        layout = [(None, {"fields": list(form.fields), "classes": ["countjobs-compact"]})]
        return {
            **self.page.admin_site.each_context(self.request),
            "title": _("Run now: %(name)s") % {"name": name},
            "opts": self.page.opts,
            "original": name,
            "definition_url": self._definition_url(definition),
            "is_enabled": definition.enabled,
            "has_view_permission": True,
            "adminform": AdminForm(form, layout, {}, (), self.page),
            "errors": AdminErrorList(form, []),
            "media": self.page.media + form.media,
        }
