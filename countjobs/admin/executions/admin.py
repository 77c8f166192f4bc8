"""The pages of the history: the list, newest first, and the page of each run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import Script
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from countjobs.admin import display
from countjobs.admin.drawings.course import course
from countjobs.admin.executions import columns, page, search, views
from countjobs.admin.executions.filters import AgeFilter, StatusFilter
from countjobs.admin.executions.form_filters import DatesFilter, JobFilter
from countjobs.admin.executions.pagination import BoundedPaginator
from countjobs.admin.links import Links
from countjobs.admin.overview import pages as overview
from countjobs.admin.page import PageChangeList, ReadOnlyAdmin
from countjobs.admin.searching import shortened
from countjobs.models import Execution
from countjobs.models.executions import Status
from countjobs.text import visible

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

_OF_NODE = "node__exact"

_LOOKUPS = {
    "job",
    "job_id",
    "job_id__exact",
    "status__exact",
    "trigger__exact",
    _OF_NODE,
    "since",
    "from",
    "to",
}


class ExecutionChangeList(PageChangeList):
    """The list without the texts, which may be long."""

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> QuerySet[Execution]:
        """As Django's, but for the texts."""
        return super().get_queryset(request, *args, **kwargs).for_list()  # type: ignore[attr-defined,no-any-return]  # our queryset


@admin.display(description=_("job"))
def job_name(execution: Execution) -> str:
    """The column of names, where nothing is unseen."""
    return visible(execution.job_name)


def _told(description: _StrPromise, tell: Callable[[Execution], Any]) -> Any:
    """A column, or a part of the page, that tells something of the run alone."""

    @admin.display(description=description)
    def shown(self: ExecutionAdmin, execution: Execution) -> Any:
        return tell(execution)

    return shown


@admin.register(Execution)
class ExecutionAdmin(ReadOnlyAdmin):
    """The list and the pages of runs. Nothing counts the whole table, or reads it without an index.

    Its pages have buttons for who may run the job.
    """

    pages = (*overview.PAGES, *search.PAGES, *views.PAGES)
    change_form_template = "admin/countjobs/execution/change_form.html"
    change_list_template = "admin/countjobs/execution/change_list.html"
    list_display = (
        "outcome",
        job_name,
        "trigger",
        "scheduled",
        "lateness",
        "duration",
        "host",
        "folded_count",
    )
    list_display_links = ("outcome", job_name)
    list_filter = (JobFilter, StatusFilter, "trigger", AgeFilter, DatesFilter)
    list_per_page = 50
    list_max_show_all = 0
    search_fields = ("job_name",)
    search_note = _(
        "Finds the executions of jobs whose name has these words, or of the job with this id."
        " Jobs that were deleted are found by their id."
    )
    ordering = ("-scheduled_at", "-pk")
    paginator = BoundedPaginator

    class Media:
        css = {"all": ["countjobs/terminal.css"]}
        js = [
            Script(f"countjobs/{name}.js", type="module")
            for name in ("renew", "execution", "job_filter")
        ]

    # What is told of runs

    _owners: Mapping[Any, columns.Owner] = {}

    def show_page(self, request: HttpRequest, executions: Sequence[Execution]) -> None:
        """Find the definitions of a page's runs: their zones, and the links to them."""
        self._owners = columns.read_owners(executions, Links(request, self.admin_site))

    outcome = _told(_("status"), display.outcome)
    reason = _told(_("trigger"), Execution.get_trigger_display)
    lateness = _told(_("late by"), lambda run: display.duration(run.lateness))
    duration = _told(_("took"), columns.took)
    host = _told(_("scheduler"), columns.host)
    folded_count = _told(_("folded"), lambda run: run.folded or display.NOTHING)
    took_so_far = _told(_("took"), page.took_so_far)
    bar = _told(_("timeline"), lambda run: course(run, timezone.now()))
    scheduler = _told(_("scheduler"), lambda run: visible(run.node) or display.NOTHING)
    parameters_text = _told(_("parameters"), page.parameters)
    output_text = _told(_("output"), lambda run: display.terminal(run.output))
    error_text = _told(_("error"), lambda run: display.pre(run.error))
    traceback_text = _told(_("traceback"), lambda run: display.pre(run.traceback))

    @admin.display(description=_("job"))
    def job(self, execution: Execution) -> SafeString:
        """The job's name as it was, and the definition if it is still there."""
        return columns.job(execution, self._owners[execution.pk])

    @admin.display(description=_("due at"))
    def scheduled(self, execution: Execution) -> str:
        """When it was due, in the definition's zone."""
        return display.moment(execution.scheduled_at, self._owners[execution.pk].zone)

    @admin.display(description=pgettext_lazy("a run", "started"))
    def started(self, execution: Execution) -> str:
        """When it began."""
        return display.moment(execution.started_at, self._owners[execution.pk].zone)

    @admin.display(description=_("finished"))
    def finished(self, execution: Execution) -> str:
        """When it ended."""
        return display.moment(execution.finished_at, self._owners[execution.pk].zone)

    # The list

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[PageChangeList]:
        """The list's class."""
        return ExecutionChangeList

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Only what an index answers."""
        if lookup == _OF_NODE:  # of those that run there are few
            return request.GET.get(StatusFilter.parameter_name) == Status.RUNNING
        return lookup in _LOOKUPS

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Those of the jobs that the words name: no index answers for names in the history."""
        text = shortened(search_term.strip())
        if not text:
            return queryset, False
        kinds = Links(request, self.admin_site).visible_kinds()
        job_ids, are_more = search.job_ids_like(text, kinds)
        if are_more:
            told = ngettext(
                "More jobs are called so: only %d was searched for.",
                "More jobs are called so: only %d of them were searched for.",
                search.MOST_JOBS,
            )
            self.message_user(request, told % search.MOST_JOBS, messages.WARNING)
        return queryset.of_jobs(job_ids), False  # type: ignore[attr-defined]  # our queryset

    # The page of a run

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """As Django's, with how it stands, and what can be done."""
        if execution := context["original"]:
            owner = self._owners[execution.pk]
            context["state"] = display.outcome(execution)
            context["progress"] = page.progress(execution)
            context["tools"] = page.tools_of(execution, owner, request, self.admin_site)
        return super().render_change_form(request, context, *args, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Execution | None = None) -> Any:
        """What, when and where; then the texts that there are."""
        return page.fieldsets_of(obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Everything."""
        return [name for _t, options in page.fieldsets_of(obj) for name in options["fields"]]
