"""The history's pages: what ran, when, where, and how it went."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import tzinfo
from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from countjobs.admin import display
from countjobs.admin.base import PageChangeList
from countjobs.admin.filters import AgeFilter, JobFilter
from countjobs.admin.links import Links
from countjobs.admin.lookup import definitions_of, zone_of
from countjobs.admin.overview.pages import OverviewPages
from countjobs.admin.pagination import BoundedPaginator
from countjobs.models import Execution

_LOOKUPS = {"job_id", "job_id__exact", "status__exact", "trigger__exact", "since"}
_TEXTS = ("output", "error", "traceback")


class ExecutionChangeList(PageChangeList):
    """The list without the texts, which may be long."""

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> QuerySet[Execution]:
        """As Django's, but for the texts."""
        return super().get_queryset(request, *args, **kwargs).for_list()  # type: ignore[attr-defined,no-any-return]  # our queryset


@admin.register(Execution)
class ExecutionAdmin(OverviewPages):
    """Read-only, newest first, and of a cost that doesn't grow with the table."""

    change_list_template = "admin/countjobs/execution/change_list.html"
    list_display = (
        "outcome",
        "job_name",
        "trigger",
        "scheduled",
        "lateness",
        "duration",
        "host",
        "folded_count",
    )
    list_display_links = ("outcome", "job_name")
    list_filter = (JobFilter, "status", "trigger", AgeFilter)
    list_per_page = 50
    list_max_show_all = 0
    search_fields = ("job_name",)
    ordering = ("-scheduled_at", "-pk")
    paginator = BoundedPaginator

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[PageChangeList]:
        """The list's class."""
        return ExecutionChangeList

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Only what an index answers."""
        return lookup in _LOOKUPS

    def show_page(self, request: HttpRequest, executions: Sequence[Execution]) -> None:
        """Find the definitions of a page's executions: their zones, and the links to them."""
        links = Links(request, self.admin_site)
        definitions = definitions_of({execution.job_id for execution in executions})
        for execution in executions:
            definition = definitions.get(execution.job_id)
            url = links.to_object(type(definition), definition.pk) if definition else ""
            execution.__dict__.update(zone=zone_of(definition), definition_url=url)

    def get_fieldsets(self, request: HttpRequest, obj: Execution | None = None) -> Any:
        """What, when and where; then the texts that there are."""
        texts = [name for name in _TEXTS if obj is None or name == "output" or getattr(obj, name)]
        return [
            (None, {"fields": ["job", "outcome", "reason", "requested_by", *_more(obj)]}),
            (_("When"), {"fields": ["scheduled", "started", "finished", "lateness", "duration"]}),
            (_("Where"), {"fields": ["node"]}),
            (_("What it said"), {"fields": [f"{name}_text" for name in texts]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Everything."""
        return [
            name for _t, options in self.get_fieldsets(request, obj) for name in options["fields"]
        ]

    @admin.display(description=_("status"))
    def outcome(self, execution: Execution) -> SafeString:
        """A badge."""
        return display.outcome(execution)

    @admin.display(description=_("job"))
    def job(self, execution: Execution) -> SafeString:
        """The job's name as it was, and the definition if it is still there."""
        url: str = execution.__dict__["definition_url"]
        return format_html("{} ({})", display.link(url, execution.job_name), execution.job_id)

    @admin.display(description=_("trigger"))
    def reason(self, execution: Execution) -> str:
        """Why it came to be."""
        return execution.get_trigger_display()

    @admin.display(description=_("scheduled at"))
    def scheduled(self, execution: Execution) -> str:
        """When it was due, in the definition's zone."""
        return display.moment(execution.scheduled_at, _zone(execution))

    @admin.display(description=_("started at"))
    def started(self, execution: Execution) -> str:
        """When it began."""
        return display.moment(execution.started_at, _zone(execution))

    @admin.display(description=_("finished at"))
    def finished(self, execution: Execution) -> str:
        """When it ended."""
        return display.moment(execution.finished_at, _zone(execution))

    @admin.display(description=_("lateness"))
    def lateness(self, execution: Execution) -> str:
        """How long after it was due it began."""
        return display.duration(execution.lateness)

    @admin.display(description=_("duration"))
    def duration(self, execution: Execution) -> str:
        """How long it took."""
        return display.duration(execution.duration)

    @admin.display(description=_("node"))
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

    @admin.display(description=_("parameters"))
    def parameters_text(self, execution: Execution) -> str:
        """What was overridden for this run."""
        return display.pre(json.dumps(execution.parameters, ensure_ascii=False, indent=2))

    @admin.display(description=_("output"))
    def output_text(self, execution: Execution) -> str:
        """What it printed and logged."""
        return display.pre(execution.output)

    @admin.display(description=_("error"))
    def error_text(self, execution: Execution) -> str:
        """What went wrong."""
        return display.pre(execution.error)

    @admin.display(description=_("traceback"))
    def traceback_text(self, execution: Execution) -> str:
        """Where it went wrong."""
        return display.pre(execution.traceback)


def _zone(execution: Execution) -> tzinfo:
    return cast("tzinfo", execution.__dict__["zone"])


def _more(execution: Execution | None) -> list[str]:
    """What is told only where it says something."""
    parameters = ["parameters_text"] if execution is None or execution.parameters else []
    return ["attempt", "folded", *parameters]
