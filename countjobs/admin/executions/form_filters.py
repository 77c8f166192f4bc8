"""Filters of the history that are filled in: by job, and by date. They work without a script."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from countjobs.admin.executions.search import job_ids_called
from countjobs.admin.links import Links
from countjobs.models import Execution
from countjobs.text import shown, visible


class FormFilter(admin.ListFilter):
    """A filter with inputs of its own, in a form that keeps what else is filtered by."""

    names: tuple[str, ...] = ()
    """The names of its inputs."""

    def __init__(
        self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any
    ) -> None:
        super().__init__(request, params, model, model_admin)
        self.used_parameters = {
            name: str(params.pop(name)[-1]).strip() for name in self.names if name in params
        }
        self.links = Links(request, model_admin.admin_site)
        self.others: list[tuple[str, str]] = []
        """What else is filtered by; known once the template asks for the choices."""

    def value(self, name: str) -> str:
        """What was filled in; "" for nothing."""
        return str(self.used_parameters.get(name, ""))

    def has_output(self) -> bool:
        """Always."""
        return True

    def expected_parameters(self) -> list[str | None]:
        """Its inputs."""
        return list(self.names)

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """To take the filter off, where it is on."""
        given: dict[str, Any] = changelist.params
        self.others = [(name, given[name]) for name in given if name not in self.names]
        if any(self.used_parameters.values()):
            query = changelist.get_query_string(remove=[*self.names])
            yield {"query_string": query, "display": _("All")}


class JobFilter(FormFilter):
    """Those of one job, by its name or its id. Names are suggested while one types.

    Pages link to the jobs' ids.
    """

    title = _("job")
    names = ("job", "job_id")
    template = "admin/countjobs/executions/job_filter.html"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those of the jobs that are called so, or have this id."""
        if job_id := self.value("job_id"):
            queryset = queryset.filter(job_id=job_id)
        if job := self.value("job"):
            job_ids = job_ids_called(job, self.links.visible_kinds())
            queryset = queryset.of_jobs(job_ids)  # type: ignore[attr-defined]  # ours
        return queryset

    def text(self) -> str:
        """What the input holds. An id stays one: no name leads to a job that was deleted."""
        return self.value("job") or self.value("job_id")

    def name(self) -> str:
        """The newest name of the job that the id is of; "" where it has no executions."""
        if not (job_id := self.value("job_id")):
            return ""
        newest = Execution.objects.filter(job_id=job_id).newest_first()
        return visible(newest.values_list("job_name", flat=True).first() or "")


class DatesFilter(FormFilter):
    """Those that were due from a day on, until another, in the site's time zone."""

    title = _("date")
    names = ("from", "to")
    template = "admin/countjobs/executions/dates_filter.html"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those of these days, both included. What is no date doesn't filter."""
        bounds = (_midnight(self.value("from"), 0), _midnight(self.value("to"), 1))
        found: QuerySet[Any] = queryset.due_between(*bounds)  # type: ignore[attr-defined]  # ours
        return found

    def inputs(self) -> list[dict[str, Any]]:
        """What the template draws."""
        labels = {"from": _("From"), "to": _("To")}
        return [
            {
                "name": name,
                "label": labels[name],
                "value": "" if error else self.value(name),
                "error": error,
            }
            for name in self.names
            for error in [self._error(self.value(name))]
        ]

    def zone(self) -> str:
        """Whose days these are."""
        return timezone.get_current_timezone_name()

    def _error(self, text: str) -> str:
        if not text or _midnight(text, 0):
            return ""
        return gettext("“%s” is no date, such as 2026-03-04.") % shown(text)


def _midnight(text: str, days: int) -> datetime | None:
    """The moment at which a day, or another so many later, begins; None for what is no date."""
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
        return timezone.make_aware(datetime.combine(day, time.min)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
