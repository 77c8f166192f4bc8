"""The pages of what keeps jobs running, or from it: schedulers, and broken jobs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from countjobs.admin import display
from countjobs.admin.base import ReadOnlyAdmin
from countjobs.admin.links import Links
from countjobs.admin.lookup import definitions_of
from countjobs.models import ParkedJob, SchedulerNode


@admin.register(SchedulerNode)
class SchedulerNodeAdmin(ReadOnlyAdmin):
    """Which schedulers live."""

    list_display = ("life", "host", "pid", "heard_of", "state", "capacity", "version", "started")
    list_filter = ("state",)
    search_fields = ("host",)
    fields = (
        "life",
        "host",
        "pid",
        "version",
        "started",
        "heartbeat",
        "heard_of",
        "state",
        "capacity",
    )
    readonly_fields = ("life", "heard_of")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """As Django's, with whether each lives."""
        alive = SchedulerNode.objects.alive(timezone.now()).filter(pk=OuterRef("pk"))
        return cast("QuerySet[Any]", super().get_queryset(request).annotate(lives=Exists(alive)))

    @admin.display(description=_("alive"))
    def life(self, node: Any) -> SafeString:
        """A badge."""
        if node.lives:
            return display.badge("succeeded", "✓", _("alive"))
        if node.state == SchedulerNode.State.STOPPED:
            return display.badge("ended", "■", _("stopped"))
        return display.badge("failed", "✗", _("dead"))

    @admin.display(description=_("last heard of"))
    def heard_of(self, node: SchedulerNode) -> str:
        """How long ago its heart beat."""
        age = max(timezone.now() - node.heartbeat, timedelta())
        return _("%s ago") % display.duration(age)


@admin.register(ParkedJob)
class ParkedJobAdmin(ReadOnlyAdmin):
    """What is broken, and why."""

    list_display = ("job_id", "definition", "error", "parked_at")
    search_fields = ("job_id", "error")
    fields = ("job_id", "definition", "error", "parked_at")
    readonly_fields = ("definition",)

    def show_page(self, request: HttpRequest, parked: Sequence[ParkedJob]) -> None:
        """Find the definitions of a page's jobs."""
        links = Links(request, self.admin_site)
        definitions = definitions_of(job.job_id for job in parked)
        for job in parked:
            found = definitions.get(job.job_id)
            url = links.to_object(type(found), found.pk) if found else ""
            job.__dict__["definition"] = display.link(url, found.name) if found else None

    @admin.display(description=_("definition"))
    def definition(self, parked: ParkedJob) -> SafeString | None:
        """A link to it, if the job has one."""
        found: SafeString | None = parked.__dict__["definition"]
        return found
