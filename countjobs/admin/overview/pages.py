"""The overview's page, and the parts of it that a script asks for anew."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from countjobs.admin.addresses import view_of
from countjobs.admin.display import moment
from countjobs.admin.links import Links
from countjobs.admin.overview.coming import read_coming
from countjobs.admin.overview.failing import read_failing
from countjobs.admin.overview.lateness import read_lateness
from countjobs.admin.overview.outcomes import read_outcomes
from countjobs.admin.overview.schedulers import read_schedulers
from countjobs.admin.page import ReadOnlyAdmin
from countjobs.models import SchedulerNode

SECONDS = 10
"""How often the page is renewed."""


class OverviewPages(ReadOnlyAdmin):
    """For the admin of executions: who may view these may view the overview."""

    def get_urls(self) -> list[URLPattern]:
        """As Django's, after the overview's: one of Django's takes all that it doesn't know."""
        views = {"overview": self.overview, "overview_parts": self.overview_parts}
        places = {"overview": "overview/", "overview_parts": "overview/parts/"}
        return [
            *(
                path(places[name], view_of(self.admin_site, view), name=f"countjobs_{name}")
                for name, view in views.items()
            ),
            *super().get_urls(),
        ]

    def overview(self, request: HttpRequest) -> HttpResponse:
        """The page. Raises PermissionDenied."""
        context = {
            **self.admin_site.each_context(request),
            **self._parts(request),
            "title": _("Overview"),
            "opts": self.opts,
            "seconds": SECONDS,
            "place": {"path": self._app_url()},
        }
        return TemplateResponse(request, "admin/countjobs/overview.html", context)

    def _app_url(self) -> str:
        name = self.admin_site.name
        return reverse("admin:app_list", args=[self.opts.app_label], current_app=name)

    def overview_parts(self, request: HttpRequest) -> HttpResponse:
        """What of the page changes. Raises PermissionDenied."""
        return TemplateResponse(request, "countjobs/overview/fresh.html", self._parts(request))

    def _parts(self, request: HttpRequest) -> dict[str, Any]:
        """What the user may see of how things are."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        links = Links(request, self.admin_site)
        now = timezone.now()
        may_view_nodes = links.may_view(SchedulerNode)
        return {
            "updated": moment(now, timezone.get_current_timezone()),
            "schedulers": read_schedulers(now, links) if may_view_nodes else None,
            "outcomes": read_outcomes(now, links),
            "coming": read_coming(now, links),
            "failing": read_failing(now, links),
            "lateness": read_lateness(now, links),
        }
