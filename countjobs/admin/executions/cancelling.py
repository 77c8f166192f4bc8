"""Cancelling several runs at once, from the list of runs and from “Running now”."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from countjobs.admin.executions.notes import is_asked_to_stop
from countjobs.admin.permits import Permits
from countjobs.history.requests import cancel_runs
from countjobs.models import Execution

if TYPE_CHECKING:
    from countjobs.admin.executions.admin import ExecutionAdmin

MOST = 1_000
"""How many runs are cancelled at once: SQLite takes no more parameters in one statement."""


@admin.action(description=_("Cancel"), permissions=["run"])
def cancel(
    model_admin: ExecutionAdmin, request: HttpRequest, executions: QuerySet[Execution]
) -> None:
    """Cancel the runs that were ticked; or, of all that the list has, those that have not ended."""
    across = model_admin.action_form.base_fields["select_across"]
    if across.clean(request.POST.get("select_across", "0")):
        # Without an order: else a database may read the whole history, newest first.
        active = executions.active().order_by()  # type: ignore[attr-defined]  # our queryset
        pks = list(active.values_list("pk", flat=True)[: MOST + 1])
        if len(pks) > MOST:
            text = gettext("At most %d runs are cancelled at once. Do it again for the others.")
            messages.warning(request, text % MOST)
    else:
        # Not the queryset: the list may be filtered by a status that they no longer have.
        pks = list({int(each) for each in request.POST.getlist(ACTION_CHECKBOX_NAME)})
    cancel_several(request, model_admin.admin_site, pks[:MOST])


def cancel_several(request: HttpRequest, site: admin.AdminSite, pks: Collection[int]) -> None:
    """Cancel those that the user may run, and say what became of all of them."""
    permits = Permits(request, site)
    found = Execution.objects.filter(pk__in=pks)
    runs = list(found.only("job_id", "status", "cancel_requested_at"))
    allowed = [run for run in runs if permits.may_run(run.job_id)]
    before = sum(map(is_asked_to_stop, allowed))
    done = cancel_runs([run.pk for run in allowed], requested_by=request.user.get_username())
    refused = len(runs) - len(allowed)
    over = max(len(pks) - refused - done.ended - done.asked - before, 0)
    _tell(request, ended=done.ended, asked=done.asked, before=before, over=over, refused=refused)


def _tell(
    request: HttpRequest, *, ended: int, asked: int, before: int, over: int, refused: int
) -> None:
    if ended:
        text = ngettext("%d run was cancelled.", "%d runs were cancelled.", ended)
        messages.success(request, text % ended)
    if asked:
        text = ngettext("%d run was asked to stop.", "%d runs were asked to stop.", asked)
        messages.success(request, text % asked)
    if before:
        text = ngettext(
            "%d run was already asked to stop, and has not ended yet.",
            "%d runs were already asked to stop, and have not ended yet.",
            before,
        )
        messages.warning(request, text % before)
    if over:
        text = ngettext("%d run had ended already.", "%d runs had ended already.", over)
        messages.warning(request, text % over)
    if refused:
        text = ngettext(
            "%d run was not cancelled: you may not run its job.",
            "%d runs were not cancelled: you may not run their jobs.",
            refused,
        )
        messages.error(request, text % refused)
    if not (ended or asked or before or over or refused):
        messages.warning(request, gettext("There was nothing to cancel."))
