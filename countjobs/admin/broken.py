"""The pages of broken jobs: what can't run, and why."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import admin
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from countjobs.admin import display
from countjobs.admin.links import Links
from countjobs.admin.lookup import visible_definitions_of
from countjobs.admin.page import ReadOnlyAdmin, column
from countjobs.models import ParkedJob


@admin.register(ParkedJob)
class ParkedJobAdmin(ReadOnlyAdmin):
    """What is broken, and why."""

    list_display = ("job_id", "definition", "error", "since")
    search_fields = ("job_id", "error")
    fields = ("job_id", "definition", "error", "since")
    readonly_fields = ("definition", "since")

    def read_facts(self, parked: Sequence[ParkedJob], links: Links) -> list[SafeString | None]:
        """A link to each job's definition, if it has one that the user may see."""
        found = visible_definitions_of((job.job_id for job in parked), links)
        definitions = (found.get(job.job_id) for job in parked)
        return [
            display.link(links.to_object(type(each), each.pk), str(each)) if each else None
            for each in definitions
        ]

    definition = column(_("definition"), lambda link: link)

    @admin.display(description=_("broken since"))
    def since(self, parked: ParkedJob) -> str:
        """When it was found to be broken."""
        return display.moment(parked.parked_at, timezone.get_current_timezone())
