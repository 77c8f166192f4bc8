"""Filters of the history, each cheap on a table of millions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from countjobs.models.executions import Status


class AgeFilter(admin.SimpleListFilter):
    """Those that were due lately."""

    title = _("due")
    parameter_name = "since"
    ages = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """The choices."""
        return [
            ("hour", _("Last hour")),
            ("day", _("Last 24 hours")),
            ("week", _("Last 7 days")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those of the chosen age; all for what is no choice."""
        age = self.ages.get(self.value() or "")
        return queryset if age is None else queryset.filter(scheduled_at__gte=timezone.now() - age)


class StatusFilter(admin.SimpleListFilter):
    """Runs with this status, or with any of several."""

    title = _("status")
    parameter_name = "status__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """The choices."""
        return Status.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those of the chosen status."""
        found: QuerySet[Any] = queryset
        if value := self.value():
            found = queryset.with_status(value)  # type: ignore[attr-defined]  # our queryset
        return found
