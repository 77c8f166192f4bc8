"""Filters of the definitions' list, each cheap with a hundred thousand definitions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from countjobs.admin.watched import STATE, STATES
from countjobs.models import Execution
from countjobs.models.executions import PROBLEMS
from countjobs.models.kinds import definition_key

_MOST_ROWS, _MOST_JOBS = 5_000, 500


class OutcomeFilter(admin.SimpleListFilter):
    """Definitions by how their newest finished run ended.

    Looking up the newest run of each of 100,000 definitions takes half a second. So the filter
    looks only at jobs that had a problem lately: the first 500 jobs among the newest 5,000
    problems. An index has these. docs/operating.md says so.
    """

    title = _("last outcome")
    parameter_name = "outcome"
    any_problem, no_problem = "problem", "fine"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """The choices."""
        return [
            (self.any_problem, _("Any problem")),
            *((status.value, status.label) for status in PROBLEMS),
            (self.no_problem, _("No problem")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those with the chosen outcome; all if the value is unknown."""
        value = self.value()
        if value == self.no_problem:
            return queryset.exclude(pk__in=self._ended(queryset, PROBLEMS))
        if value == self.any_problem:
            return queryset.filter(pk__in=self._ended(queryset, PROBLEMS))
        statuses = [status for status in PROBLEMS if status == value]
        return queryset.filter(pk__in=self._ended(queryset, statuses)) if statuses else queryset

    def _ended(self, queryset: QuerySet[Any], how: Iterable[str]) -> list[Any]:
        """The primary keys of definitions whose newest run ended like this."""
        executions, prefix = Execution.objects, queryset.model.job_id_of("")
        jobs = executions.jobs_with_problems(prefix, _MOST_ROWS, _MOST_JOBS)
        keys = map(definition_key, executions.jobs_last_ended([*how], jobs))
        return [key[1] for key in keys if key]


class ZoneFilter(admin.SimpleListFilter):
    """Definitions by time zone. Only zones in use are offered."""

    title = _("time zone")
    parameter_name = "timezone"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """The choices."""
        return [(zone, zone) for zone in model_admin.model._default_manager.zones()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those in the zone."""
        return queryset.filter(timezone=self.value()) if self.value() else queryset


class GroupFilter(admin.SimpleListFilter):
    """Definitions by group. Only groups in use are offered."""

    title = _("group")
    parameter_name = "group"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """The choices."""
        groups = model_admin.model._default_manager.groups()
        return [(group, group) for group in groups if group]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those in the group."""
        return queryset.filter(group=self.value()) if self.value() else queryset


class WatchFilter(admin.SimpleListFilter):
    """Definitions that are silent, or that have paused themselves."""

    title = _("warning")
    parameter_name = STATE

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """The choices."""
        return [(state.name, capfirst(str(state.word))) for state in STATES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those in the chosen state; all if the value is unknown."""
        for state in STATES:
            if state.name == self.value():
                return queryset.filter(pk__in=state.keys(queryset.model))
        return queryset
