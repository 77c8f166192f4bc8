"""The page “Running now”, and its buttons."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from countjobs.admin.executions.cancelling import MOST, cancel_several
from countjobs.admin.links import Links, any_of
from countjobs.admin.permits import Permits
from countjobs.admin.refreshed import RefreshedPage
from countjobs.admin.running.going_on import read_going_on
from countjobs.admin.urls import WRITE, Page
from countjobs.models import Execution
from countjobs.models.executions import ACTIVE

SECONDS = 5
"""How often the page is renewed."""


def _read(model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> dict[str, Any]:
    site = model_admin.admin_site
    links = Links(request, site)
    return {
        "going_on": read_going_on(timezone.now(), links, Permits(request, site)),
        "list_url": links.to_list(Execution, status__exact=any_of(ACTIVE)),
    }


def _cancel(model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
    """Cancel the run whose button was pressed, or those that are ticked. Raises PermissionDenied.

    A button is part of the same form as the ticks, so it is named otherwise.
    """
    site = model_admin.admin_site
    if not (model_admin.has_view_permission(request) and Permits(request, site).may_run_some()):
        raise PermissionDenied
    given = request.POST.getlist("only") or request.POST.getlist("run")
    pks = [int(each) for each in given if each.isdecimal() and len(each) < _LONGEST][:MOST]
    if pks:
        cancel_several(request, site, set(pks))
    else:
        messages.warning(request, _("No run was selected, so none was cancelled."))
    return HttpResponseRedirect(reverse("admin:countjobs_running", current_app=site.name))


_LONGEST = 19
"""Digits of a key. The database can't be asked for longer numbers."""

PAGES = (
    *RefreshedPage("running", gettext_lazy("Running now"), SECONDS, _read).pages(),
    Page("countjobs_running_cancel", "running/cancel/", _cancel, WRITE, is_of_model=False),
)
