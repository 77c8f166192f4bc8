"""What the page of a run does: run the job again, cancel the run, and update while it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from countjobs.admin.definitions.run_now import ask_for_runs
from countjobs.admin.executions.notes import is_asked_to_stop
from countjobs.admin.guarded import may_start
from countjobs.admin.links import Links
from countjobs.admin.lookup import definitions_of
from countjobs.admin.one_row import row_of
from countjobs.admin.permits import Permits
from countjobs.admin.urls import OF_ROW, WRITE, Page
from countjobs.history.requests import cancel_runs
from countjobs.models import Execution
from countjobs.models.executions import ACTIVE
from countjobs.models.kinds import definition_key

if TYPE_CHECKING:
    from countjobs.admin.executions.admin import ExecutionAdmin


def _live(model_admin: ExecutionAdmin, request: HttpRequest, object_id: str) -> HttpResponseBase:
    """The parts of its page that change while it runs, as HTML."""
    _execution(model_admin, request, object_id)
    answer = model_admin.changeform_view(request, object_id)
    if isinstance(answer, TemplateResponse):
        answer.template_name = "admin/countjobs/executions/parts.html"
    return answer  # type: ignore[no-any-return]  # Django has no type for it


def _again(model_admin: ExecutionAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """Request a run with the same parameters, and go to its page."""
    old = _execution(model_admin, request, object_id, to_run=True)
    if old.status in ACTIVE:
        messages.warning(request, _("This run has not finished yet, so it can't be run again."))
        return _to(model_admin, request, old)
    definition = definitions_of([old.job_id]).get(old.job_id)
    if definition is None and definition_key(old.job_id) is not None:
        messages.error(request, _("The job was deleted: it can't run again."))
        return _to(model_admin, request, old)
    if definition is not None and not may_start(request.user, definition):
        raise PermissionDenied
    jobs = [(old.job_id, definition.name if definition else old.job_name)]
    try:
        [new] = ask_for_runs(request, model_admin.admin_site, jobs, old.parameters)
    except ValueError:  # the kind of job allowed it then
        text = _("The job can't run again with this run's parameters: they are no longer allowed.")
        messages.error(request, text)
        return _to(model_admin, request, old)
    return _to(model_admin, request, new)


def _cancel(model_admin: ExecutionAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """Cancel it, or ask it to stop. A scheduler may be faster."""
    run = _execution(model_admin, request, object_id, to_run=True)
    done = cancel_runs([run.pk], requested_by=request.user.get_username())
    if done.ended:
        messages.success(request, _("The run was cancelled."))
    elif done.asked:
        messages.success(request, _("The run was asked to stop."))
    elif is_asked_to_stop(run):
        messages.warning(request, _("The run was already asked to stop, and has not ended yet."))
    else:
        messages.warning(request, _("It is too late to cancel this run: it has ended."))
    return _to(model_admin, request, run)


def _execution(
    model_admin: ExecutionAdmin, request: HttpRequest, object_id: str, *, to_run: bool = False
) -> Execution:
    """The run of the page. Raises Http404, or PermissionDenied."""
    found: Execution = row_of(model_admin, request, object_id, model_admin.has_view_permission)
    if to_run and not Permits(request, model_admin.admin_site).may_run(found.job_id):
        raise PermissionDenied
    return found


def _to(model_admin: ExecutionAdmin, request: HttpRequest, execution: Execution) -> HttpResponse:
    links = Links(request, model_admin.admin_site)
    return HttpResponseRedirect(links.to_object(Execution, execution.pk))


PAGES = (
    Page("live", f"{OF_ROW}live/", _live),
    Page("again", f"{OF_ROW}again/", _again, WRITE),
    Page("cancel", f"{OF_ROW}cancel/", _cancel, WRITE),
)
