"""What is told of an execution in few words, in the list and on its page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import cast

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from countjobs.admin import display
from countjobs.admin.links import Links
from countjobs.admin.lookup import definitions_of, zone_of
from countjobs.admin.page import ReadOnlyAdmin
from countjobs.models import Execution
from countjobs.models.executions import Status
from countjobs.text import visible


class ExecutionColumns(ReadOnlyAdmin):
    """Columns, and what is read for them: the definitions of a page's executions."""

    def show_page(self, request: HttpRequest, executions: Sequence[Execution]) -> None:
        """Find the definitions of a page's executions: their zones, and the links to them."""
        links = Links(request, self.admin_site)
        definitions = definitions_of({execution.job_id for execution in executions})
        for execution in executions:
            definition = definitions.get(execution.job_id)
            url = links.to_object(type(definition), definition.pk) if definition else ""
            told = {"zone": zone_of(definition), "definition_url": url, "definition": definition}
            execution.__dict__.update(told)

    def has_definition(self, execution: Execution) -> bool:
        """Whether the definition of an execution was found."""
        return execution.__dict__["definition"] is not None

    @admin.display(description=_("status"))
    def outcome(self, execution: Execution) -> SafeString:
        """A badge."""
        return display.outcome(execution)

    @admin.display(description=_("job"))
    def job(self, execution: Execution) -> SafeString:
        """The job's name as it was, and the definition if it is still there."""
        url: str = execution.__dict__["definition_url"]
        return format_html(
            "<bdi>{}</bdi> ({})",
            display.link(url, visible(execution.job_name)),
            visible(execution.job_id),
        )

    @admin.display(description=_("trigger"))
    def reason(self, execution: Execution) -> str:
        """Why it came to be."""
        return execution.get_trigger_display()

    @admin.display(description=_("due at"))
    def scheduled(self, execution: Execution) -> str:
        """When it was due, in the definition's zone."""
        return display.moment(execution.scheduled_at, _zone(execution))

    @admin.display(description=pgettext_lazy("a run", "started"))
    def started(self, execution: Execution) -> str:
        """When it began."""
        return display.moment(execution.started_at, _zone(execution))

    @admin.display(description=_("finished"))
    def finished(self, execution: Execution) -> str:
        """When it ended."""
        return display.moment(execution.finished_at, _zone(execution))

    @admin.display(description=_("late by"))
    def lateness(self, execution: Execution) -> str:
        """How long after it was due it began."""
        return display.duration(execution.lateness)

    @admin.display(description=_("took"))
    def duration(self, execution: Execution) -> str:
        """How long it took, or has been going on."""
        if execution.status == Status.RUNNING and execution.started_at:
            return display.duration(timezone.now() - execution.started_at)
        return display.duration(execution.duration)

    @admin.display(description=_("scheduler"))
    def host(self, execution: Execution) -> str:
        """The machine and the process, with the node's whole name in the title."""
        short = execution.node.rpartition(":")[0] or execution.node
        return (
            format_html('<span title="{}">{}</span>', execution.node, short)
            if short
            else display.NOTHING
        )

    @admin.display(description=_("folded"))
    def folded_count(self, execution: Execution) -> int | str:
        """How many earlier fire times it stands for, if any."""
        return execution.folded or display.NOTHING


def _zone(execution: Execution) -> tzinfo:
    return cast("tzinfo", execution.__dict__["zone"])
