"""A filter of the list of runs, to which pages link that count a chain of attempts once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from countjobs.admin.links import ONCE


class LastAttemptsFilter(admin.SimpleListFilter):
    """Runs without those that another attempt follows."""

    title = _("attempts")
    parameter_name, _last = next(iter(ONCE.items()))

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """The choice."""
        return [(self._last, _("Only the last of each run"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The ends of chains; all if the value is unknown."""
        if self.value() != self._last:
            return queryset
        return queryset.ends_of_chains()  # type: ignore[attr-defined,no-any-return]  # ours
