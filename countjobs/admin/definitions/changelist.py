"""The list of definitions: when each runs next, how its last runs went, and a switch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from countjobs.admin.definitions.facts import attach, facts_of
from countjobs.admin.definitions.filters import OutcomeFilter, ZoneFilter
from countjobs.admin.definitions.switch import SwitchPages
from countjobs.admin.links import Links
from countjobs.admin.page import PageChangeList, no_impossible_lookups
from countjobs.models import Execution, JobDefinition
from countjobs.text import visible

_MOST_FOUND = 1_000


@admin.display(description=_("name"), ordering="name")
def name(definition: JobDefinition) -> str:
    """The column of names, where nothing is unseen."""
    return visible(definition.name)


class DefinitionChangeList(PageChangeList):
    """The list, whose search reads the table once."""

    is_cut = False
    """Whether a search found more than are listed."""
    most_found = _MOST_FOUND

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        """As Django's. What a search finds is counted, and read, by its keys."""
        queryset = super().get_queryset(request, *args, **kwargs)
        if not self.query:
            return queryset
        # In no order: the search ends when enough is found.
        with no_impossible_lookups():
            keys = list(queryset.order_by().values_list("pk", flat=True)[: _MOST_FOUND + 1])
        self.is_cut = len(keys) > _MOST_FOUND
        found = self.root_queryset.filter(pk__in=keys[:_MOST_FOUND])
        return found.order_by(*queryset.query.order_by)


class DefinitionList(SwitchPages):
    """The columns and filters. A page costs the same number of queries, whatever is in it."""

    change_list_template = "admin/countjobs/definitions/change_list.html"
    list_display = ("name", "schedule", "switch", "next_run", "last_run", "runs_strip")
    list_filter = ("enabled", OutcomeFilter, ZoneFilter, "executor")
    list_per_page = 25
    search_fields = ("name", "description")
    show_facets = admin.ShowFacets.NEVER
    show_full_result_count = False

    def get_list_display(self, request: HttpRequest) -> Any:
        """As Django's, but for the names."""
        given = super().get_list_display(request)
        return [name if each == "name" else each for each in given]

    def get_list_filter(self, request: HttpRequest) -> Any:
        """As Django's; how runs ended is for those who may see the history."""
        given = super().get_list_filter(request)
        if Links(request, self.admin_site).may_view(Execution):
            return given
        return [each for each in given if each is not OutcomeFilter]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list's class."""
        return DefinitionChangeList

    def show_page(self, request: HttpRequest, definitions: Sequence[JobDefinition]) -> None:
        """Read what the list tells of definitions, for all of a page."""
        attach(definitions, Links(request, self.admin_site))
        self.attach_switches(request, definitions)

    @admin.display(description=_("next run"))
    def next_run(self, definition: JobDefinition) -> str:
        """The next run, or the reason why there is none."""
        return facts_of(definition).next_run()

    @admin.display(description=_("last run"))
    def last_run(self, definition: JobDefinition) -> str:
        """The newest row of its history."""
        return facts_of(definition).last_run()

    @admin.display(description=_("recent runs"))
    def runs_strip(self, definition: JobDefinition) -> str:
        """A strip of bars."""
        return facts_of(definition).runs_strip()
