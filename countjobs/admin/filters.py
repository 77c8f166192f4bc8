"""Filters of the history, each cheap on a table of millions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from countjobs.models import Execution


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


class JobFilter(admin.SimpleListFilter):
    """Those of one job. It offers no list of jobs, which may be thousands: pages link to it."""

    title = _("job")
    parameter_name = "job_id"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """The job that is asked for already, if one is."""
        return [(job_id, job_id)] if (job_id := request.GET.get("job_id")) else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those of the job."""
        return queryset.filter(job_id=self.value()) if self.value() else queryset

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """All, and the job by its newest name."""
        all_choice, *chosen = super().choices(changelist)
        yield all_choice
        for choice in chosen:
            newest = Execution.objects.filter(job_id=self.value()).newest_first()
            name = newest.values_list("job_name", flat=True).first()
            yield {**choice, "display": name or self.value()}
