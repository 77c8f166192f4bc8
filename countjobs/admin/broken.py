"""The pages of broken jobs: what can't run, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from countjobs.admin import display
from countjobs.admin.links import Links
from countjobs.admin.lookup import visible_definitions_of
from countjobs.admin.page import ReadOnlyAdmin
from countjobs.models import ParkedJob


@admin.register(ParkedJob)
class ParkedJobAdmin(ReadOnlyAdmin):
    """What is broken, and why."""

    list_display = ("job_id", "definition", "error", "since")
    search_fields = ("job_id", "error")
    fields = ("job_id", "definition", "error", "since")
    readonly_fields = ("definition", "since")

    _definitions: Mapping[Any, SafeString] = {}

    def load_facts(self, request: HttpRequest, parked: Sequence[ParkedJob]) -> None:
        """Find the definitions of a page's jobs that the user may see."""
        links = Links(request, self.admin_site)
        found = visible_definitions_of((job.job_id for job in parked), links)
        self._definitions = {
            job_id: display.link(links.to_object(type(each), each.pk), str(each))
            for job_id, each in found.items()
        }

    @admin.display(description=_("definition"))
    def definition(self, parked: ParkedJob) -> SafeString | None:
        """A link to it, if the job has one."""
        return self._definitions.get(parked.job_id)

    @admin.display(description=_("broken since"))
    def since(self, parked: ParkedJob) -> str:
        """When it was found to be broken."""
        return display.moment(parked.parked_at, timezone.get_current_timezone())
