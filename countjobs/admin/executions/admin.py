"""The history's list: newest first, and of a cost that doesn't grow with the table."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import Script
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from countjobs.admin.executions.filters import AgeFilter, StatusFilter
from countjobs.admin.executions.form_filters import DatesFilter, JobFilter
from countjobs.admin.executions.page import ExecutionPage
from countjobs.admin.executions.pagination import BoundedPaginator
from countjobs.admin.executions.search import MOST_JOBS, JobNames, job_ids_like
from countjobs.admin.links import Links
from countjobs.admin.overview.pages import OverviewPages
from countjobs.admin.page import PageChangeList
from countjobs.admin.searching import shortened
from countjobs.models import Execution
from countjobs.models.executions import Status
from countjobs.text import visible

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


@admin.register(Execution)
class ExecutionAdmin(OverviewPages, ExecutionPage):
    """The list. Nothing here counts the whole table, or reads it without an index."""

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
        js = [Script("countjobs/job_filter.js", type="module")]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[PageChangeList]:
        """The list's class."""
        return ExecutionChangeList

    def get_urls(self) -> list[URLPattern]:
        """As Django's, and the names that the filter by job suggests."""
        return [JobNames(self.admin_site).url(), *super().get_urls()]

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
        job_ids, are_more = job_ids_like(text, Links(request, self.admin_site).visible_kinds())
        if are_more:
            told = ngettext(
                "More jobs are called so: only %d was searched for.",
                "More jobs are called so: only %d of them were searched for.",
                MOST_JOBS,
            )
            self.message_user(request, told % MOST_JOBS, messages.WARNING)
        return queryset.of_jobs(job_ids), False  # type: ignore[attr-defined]  # our queryset
