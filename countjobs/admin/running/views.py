"""The page “Running now”, the parts of it that a script renews, and its buttons."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from countjobs.admin.display import moment
from countjobs.admin.executions.cancelling import MOST, cancel_several
from countjobs.admin.executions.permits import Permits
from countjobs.admin.links import Links, any_of
from countjobs.admin.running.going_on import read_going_on
from countjobs.admin.urls import WRITE, Page
from countjobs.models import Execution
from countjobs.models.executions import ACTIVE

SECONDS = 5
"""How often the page is renewed."""


def _running(model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
    """The page. Raises PermissionDenied."""
    site = model_admin.admin_site
    context = {
        **site.each_context(request),
        **_parts(model_admin, request),
        "title": _("Running now"),
        "opts": model_admin.opts,
        "seconds": SECONDS,
        "place": {"path": reverse("admin:app_list", args=["countjobs"], current_app=site.name)},
    }
    return TemplateResponse(request, "admin/countjobs/running/page.html", context)


def _fresh(model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
    """The parts of the page that change. Raises PermissionDenied."""
    parts = _parts(model_admin, request)
    return TemplateResponse(request, "admin/countjobs/running/fresh.html", parts)


def _parts(model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> dict[str, Any]:
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    site = model_admin.admin_site
    links = Links(request, site)
    now = timezone.now()
    return {
        "updated": moment(now, timezone.get_current_timezone()),
        "going_on": read_going_on(now, links, Permits(request, site)),
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
    Page("countjobs_running", "running/", _running, is_of_model=False),
    Page("countjobs_running_parts", "running/parts/", _fresh, is_of_model=False),
    Page("countjobs_running_cancel", "running/cancel/", _cancel, WRITE, is_of_model=False),
)
"""They belong to the admin of runs: who may view runs may view this page."""
