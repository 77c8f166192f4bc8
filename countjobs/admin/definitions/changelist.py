"""The list of definitions, where it differs from Django's: the search."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from countjobs.admin.list_pages import PageChangeList, no_impossible_lookups

_MOST_FOUND = 1_000


class DefinitionChangeList(PageChangeList):
    """The list. Its search reads the table once."""

    is_cut = False
    """Whether a search found more than the list shows."""
    most_found = _MOST_FOUND

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        """As Django's. What a search finds is counted and read by primary key."""
        queryset = super().get_queryset(request, *args, **kwargs)
        if not self.query:
            return queryset
        # Unsorted: the search stops as soon as enough is found.
        with no_impossible_lookups():
            keys = list(queryset.order_by().values_list("pk", flat=True)[: _MOST_FOUND + 1])
        self.is_cut = len(keys) > _MOST_FOUND
        found = self.root_queryset.filter(pk__in=keys[:_MOST_FOUND])
        return found.order_by(*queryset.query.order_by)
