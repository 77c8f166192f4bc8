"""Paging through a table that is too long to count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

if TYPE_CHECKING:
    AnyPaginator = Paginator[Any]
else:
    AnyPaginator = Paginator


class BoundedPaginator(AnyPaginator):
    """Counts and shows only the first rows. Filters find older ones."""

    most = 10_000

    @cached_property
    def count(self) -> int:
        """How many rows there are to page through."""
        return min(self._seen, self.most)

    @property
    def is_cut(self) -> bool:
        """Whether there are more."""
        return self._seen > self.most

    @cached_property
    def _seen(self) -> int:
        # The slice becomes a LIMIT in the subquery that is counted.
        rows = cast("QuerySet[Any]", self.object_list)
        return rows.order_by()[: self.most + 1].count()
