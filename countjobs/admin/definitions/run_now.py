"""Run now: the page of one definition, and the function that all pages use.

Nothing runs here. A request is saved, for a paused definition too, and a scheduler picks it up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.admin.helpers import AdminErrorList, AdminForm
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext

from countjobs.admin.definitions.run_form import run_form
from countjobs.admin.display import some_of
from countjobs.admin.guarded import may_start
from countjobs.admin.links import Links, within_those_of
from countjobs.admin.one_row import row_of
from countjobs.admin.urls import OF_ROW, READ, WRITE, Page
from countjobs.history.holding import held_since
from countjobs.history.requests import request_runs
from countjobs.models import Execution, SchedulerNode
from countjobs.models.executions import Trigger
from countjobs.text import visible

if TYPE_CHECKING:
    from countjobs.admin.definitions.admin import JobDefinitionAdmin

_TEMPLATE = "admin/countjobs/definitions/run.html"


def ask_for_runs(
    request: HttpRequest,
    site: AdminSite,
    jobs: Sequence[tuple[str, str]],
    parameters: dict[str, Any] | None = None,
) -> list[Execution]:
    """Request a run of each of these jobs, given by ids and names, and say so.

    Raises ValueError if a run of such a job may not override one of the parameters.
    """
    queued = request_runs(jobs, requested_by=request.user.get_username(), parameters=parameters)
    links = Links(request, site)
    shown = some_of(
        queued,
        lambda run: (links.to_object(Execution, run.pk), visible(run.job_name)),
        _of_these(queued, links),
    )
    text = ngettext("Run requested: {}", "{n} runs requested: {}", len(queued))
    messages.success(request, format_html(text, shown, n=len(queued)))
    if not SchedulerNode.objects.alive(timezone.now()).exists():
        text = ngettext(
            "No scheduler is alive. The run waits until a scheduler is started.",
            "No scheduler is alive. The runs wait until a scheduler is started.",
            len(queued),
        )
        messages.warning(request, text)
    if held_since():
        text = ngettext(
            "All jobs are held. The run waits until they are released.",
            "All jobs are held. The runs wait until they are released.",
            len(queued),
        )
        messages.warning(request, text)
    return queued


def _of_these(queued: list[Execution], links: Links) -> str:
    """The URL of a list of just these."""
    if not queued:
        return ""
    due = within_those_of(run.scheduled_at for run in queued)
    return links.to_list(Execution, trigger__exact=Trigger.MANUAL, since=due)


def _run_now(model_admin: JobDefinitionAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """The form; or, if it was posted and is valid, a redirect to the run that was requested.

    Raises Http404, or PermissionDenied for users who may not run such jobs.
    """
    if not model_admin.has_run_permission(request):
        raise PermissionDenied
    definition = row_of(model_admin, request, object_id, model_admin.has_view_permission)
    if not may_start(request.user, definition):
        raise PermissionDenied
    links = Links(request, model_admin.admin_site)
    definition_url = links.to_object(type(definition), definition.pk)
    name = str(definition)
    form = run_form(model_admin, request, definition)
    if form.is_bound and form.is_valid():
        jobs = [(definition.job_id, definition.name)]
        [run] = ask_for_runs(request, model_admin.admin_site, jobs, form.parameters())
        return HttpResponseRedirect(links.to_object(Execution, run.pk) or definition_url)
    layout = [(None, {"fields": list(form.fields), "classes": ["countjobs-compact"]})]
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("Run now: %(name)s") % {"name": name},
        "opts": model_admin.opts,
        "original": name,
        "definition_url": definition_url,
        "is_enabled": definition.enabled,
        "has_view_permission": True,
        "adminform": AdminForm(form, layout, {}, (), model_admin),
        "errors": AdminErrorList(form, []),
        "media": model_admin.media + form.media,
    }
    return TemplateResponse(request, _TEMPLATE, context)


PAGES = (Page("run", f"{OF_ROW}run/", _run_now, (*READ, *WRITE)),)
