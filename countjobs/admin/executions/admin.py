"""The pages of runs: the list, newest first, and the page of each run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import Script
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from countjobs.admin import hold_page
from countjobs.admin.executions import page, search, views
from countjobs.admin.executions.cancelling import cancel
from countjobs.admin.executions.chain import read_chain
from countjobs.admin.executions.columns import RunFacts, job_name, read_facts
from countjobs.admin.executions.filters import (
    AgeFilter,
    DatesFilter,
    JobFilter,
    LastAttemptsFilter,
    StatusFilter,
)
from countjobs.admin.executions.notes import notes_of
from countjobs.admin.executions.pagination import BoundedPaginator
from countjobs.admin.executions.progress import progress
from countjobs.admin.jobs import views as jobs
from countjobs.admin.links import Links
from countjobs.admin.list_pages import PageChangeList, shortened
from countjobs.admin.overview import views as overview
from countjobs.admin.page import ReadOnlyAdmin, column
from countjobs.admin.permits import Permits
from countjobs.admin.running import views as running
from countjobs.admin.transfer import import_page
from countjobs.models import Execution
from countjobs.models.executions import Status

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
    LastAttemptsFilter.parameter_name,
}


class ExecutionChangeList(PageChangeList):
    """The list. It doesn't load long texts."""

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> QuerySet[Execution]:
        """As Django's, without the long texts."""
        return super().get_queryset(request, *args, **kwargs).for_list()  # type: ignore[attr-defined,no-any-return]  # our queryset


@admin.register(Execution)
class ExecutionAdmin(ReadOnlyAdmin):
    """The list and the pages of runs. Nothing counts the whole table, or reads it without an index.

    A run's page has buttons for users who may run the job.
    """

    more_pages = (
        *jobs.PAGES,
        *overview.PAGES,
        *running.PAGES,
        *search.PAGES,
        *views.PAGES,
        *import_page.PAGES_OF_ALL,
        *hold_page.PAGES,
    )
    change_form_template = "admin/countjobs/executions/change_form.html"
    change_list_template = "admin/countjobs/executions/change_list.html"
    list_display = (
        "outcome",
        job_name,
        "cause",
        "scheduled",
        "lateness",
        "duration",
        "host",
        "folded_count",
    )
    list_display_links = ("outcome", job_name)
    actions = (cancel,)
    list_filter = (
        *(JobFilter, StatusFilter, "trigger", AgeFilter, DatesFilter),
        LastAttemptsFilter,
    )
    list_per_page = 50
    list_max_show_all = 0
    search_fields = ("job_name",)
    search_note = _(
        "Search for words in the job's name, or for the job's id. Runs of deleted jobs are found "
        "by id only."
    )
    ordering = ("-scheduled_at", "-pk")
    paginator = BoundedPaginator

    class Media:
        css = {"all": ["countjobs/terminal.css"]}
        js = [
            Script(f"countjobs/{name}.js", type="module")
            for name in ("renew", "execution", "job_filter")
        ]

    # Columns

    def read_facts(self, executions: Sequence[Execution], links: Links) -> list[RunFacts]:
        """Runs with their definitions, for their time zones and links."""
        return read_facts(executions, links)

    outcome = column(_("status"), RunFacts.outcome)
    job = column(_("job"), RunFacts.job)
    reason = column(_("trigger"), RunFacts.reason)
    cause = column(_("trigger"), RunFacts.cause)
    attempt_text = column(_("attempt"), RunFacts.attempt)
    stop_asked = column(_("asked to stop"), RunFacts.stop_asked)
    scheduled = column(_("due at"), RunFacts.due_at)
    not_before_text = column(_("not before"), RunFacts.not_before)
    started = column(pgettext_lazy("a run", "started"), RunFacts.started)
    finished = column(_("finished"), RunFacts.finished)
    lateness = column(_("late by"), RunFacts.late_by)
    duration = column(_("took"), RunFacts.took)
    bar = column(_("timeline"), RunFacts.timeline)
    host = column(_("scheduler"), RunFacts.host)
    scheduler = column(_("scheduler"), RunFacts.scheduler)
    folded_count = column(_("folded"), RunFacts.folded)
    parameters_text = column(_("parameters"), RunFacts.parameters)
    output_text = column(_("output"), RunFacts.output)
    error_text = column(_("error"), RunFacts.error)
    traceback_text = column(_("traceback"), RunFacts.traceback)

    # The list

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> dict[str, Any]:
        """Only ours: an action of the site might change runs. Since 6.1 Django gives a location."""
        given = {} if action_location is None else {"action_location": action_location}
        actions: dict[str, Any] = super().get_actions(request, **given)
        return {name: action for name, action in actions.items() if name == cancel.__name__}

    def has_run_permission(self, request: HttpRequest) -> bool:
        """Whether the user may run any kind of job: the action to cancel needs that."""
        return Permits(request, self.admin_site).may_run_some()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[PageChangeList]:
        """The list's class."""
        return ExecutionChangeList

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Only what an index can answer."""
        if lookup == _OF_NODE:  # few runs go on at any time
            return request.GET.get(StatusFilter.parameter_name) == Status.RUNNING
        return lookup in _LOOKUPS

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Runs of the jobs whose names have these words. The names of runs have no index."""
        text = shortened(search_term.strip())
        if not text:
            return queryset, False
        kinds = Links(request, self.admin_site).visible_kinds()
        job_ids, are_more = search.job_ids_like(text, kinds)
        if are_more:
            told = ngettext(
                "Too many jobs match. Only the runs of %d of them are listed.",
                "Too many jobs match. Only the runs of %d of them are listed.",
                search.MOST_JOBS,
            )
            self.message_user(request, told % search.MOST_JOBS, messages.WARNING)
        return queryset.of_jobs(job_ids), False  # type: ignore[attr-defined]  # our queryset

    # The page of a run

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """As Django's, with the run's status, and what can be done."""
        if execution := context["original"]:
            facts = self.facts_of(execution)
            context["state"] = facts.outcome()
            context["progress"] = progress(execution)
            tools = context["tools"] = page.tools_of(facts, request, self.admin_site)
            now = timezone.now()
            context["notes"] = list(notes_of(facts, now, can_cancel=tools.can_cancel))
            links = Links(request, self.admin_site)
            context["chain"] = read_chain(execution, facts.definition, facts.zone, links, now)
        return super().render_change_form(request, context, *args, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Execution | None = None) -> Any:
        """What, when and where; then the texts, if there are any."""
        return page.fieldsets_of(obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Everything."""
        return [name for _t, options in page.fieldsets_of(obj) for name in options["fields"]]
