"""The overview's page."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from countjobs.admin.links import Links
from countjobs.admin.overview.coming import read_coming
from countjobs.admin.overview.failing import read_failing
from countjobs.admin.overview.late_runs import read_lateness
from countjobs.admin.overview.outcomes import read_outcomes
from countjobs.admin.overview.scheduler_rows import read_schedulers
from countjobs.admin.overview.watched_jobs import read_watched
from countjobs.admin.refreshed import RefreshedPage
from countjobs.models import SchedulerNode

SECONDS = 10
"""How often the page is renewed."""


def _read(model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> dict[str, Any]:
    """The parts that the user may see."""
    links = Links(request, model_admin.admin_site)
    now = timezone.now()
    may_view_nodes = links.may_view(SchedulerNode)
    return {
        "schedulers": read_schedulers(now, links) if may_view_nodes else None,
        "outcomes": read_outcomes(now, links),
        "coming": read_coming(now, links),
        "watched": read_watched(links),
        "failing": read_failing(now, links),
        "lateness": read_lateness(now, links),
    }


PAGES = RefreshedPage("overview", _("Overview"), SECONDS, _read).pages()
