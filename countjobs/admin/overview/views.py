"""The overview's page, and the parts of it that a script renews."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from countjobs.admin.display import moment
from countjobs.admin.links import Links
from countjobs.admin.overview.coming import read_coming
from countjobs.admin.overview.failing import read_failing
from countjobs.admin.overview.late_runs import read_lateness
from countjobs.admin.overview.outcomes import read_outcomes
from countjobs.admin.overview.scheduler_rows import read_schedulers
from countjobs.admin.overview.watched_jobs import read_watched
from countjobs.admin.urls import Page
from countjobs.models import SchedulerNode

SECONDS = 10
"""How often the page is renewed."""


def _overview(model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
    """The page. Raises PermissionDenied."""
    site = model_admin.admin_site
    context = {
        **site.each_context(request),
        **_parts(model_admin, request),
        "title": _("Overview"),
        "opts": model_admin.opts,
        "seconds": SECONDS,
        "place": {"path": reverse("admin:app_list", args=["countjobs"], current_app=site.name)},
    }
    return TemplateResponse(request, "admin/countjobs/overview/page.html", context)


def _fresh(model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
    """The parts of the page that change. Raises PermissionDenied."""
    parts = _parts(model_admin, request)
    return TemplateResponse(request, "admin/countjobs/overview/fresh.html", parts)


def _parts(model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> dict[str, Any]:
    """The parts that the user may see."""
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    links = Links(request, model_admin.admin_site)
    now = timezone.now()
    may_view_nodes = links.may_view(SchedulerNode)
    return {
        "updated": moment(now, timezone.get_current_timezone()),
        "schedulers": read_schedulers(now, links) if may_view_nodes else None,
        "outcomes": read_outcomes(now, links),
        "coming": read_coming(now, links),
        "watched": read_watched(links),
        "failing": read_failing(now, links),
        "lateness": read_lateness(now, links),
    }


PAGES = (
    Page("countjobs_overview", "overview/", _overview, is_of_model=False),
    Page("countjobs_overview_parts", "overview/parts/", _fresh, is_of_model=False),
)
"""They belong to the admin of runs: who may view runs may view the overview."""
