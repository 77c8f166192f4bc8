"""Filters of the list of runs, each cheap on a table of millions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from countjobs.admin.display import moment_text, status_word
from countjobs.admin.executions.search import job_ids_called
from countjobs.admin.links import BETWEEN, ONCE, OR, Links, Span, any_of
from countjobs.models import Execution
from countjobs.models.executions import ACTIVE, FAILURES, PROBLEMS, TROUBLES, Status
from countjobs.text import shown, visible


class AgeFilter(admin.SimpleListFilter):
    """Runs that were due recently; or within a span that another page's link gives."""

    title = _("due at")
    parameter_name = "since"
    ages = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """The choices. A span is one of them while it is chosen."""
        yield "hour", _("Last hour")
        yield "day", _("Last 24 hours")
        yield "week", _("Last 7 days")
        if span := _span_of(value := self.value() or ""):
            zone = timezone.get_current_timezone()
            yield value, " – ".join(moment_text(each, zone) for each in span)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those of the chosen age; all if the value is unknown."""
        value = self.value() or ""
        if span := _span_of(value):
            found: QuerySet[Any] = queryset.due_between(*span)  # type: ignore[attr-defined]  # ours
            return found
        age = self.ages.get(value)
        return queryset if age is None else queryset.filter(scheduled_at__gte=timezone.now() - age)


def _span_of(value: str) -> Span | None:
    try:
        start, end = (datetime.fromisoformat(each) for each in value.split(BETWEEN))
        return start.astimezone(UTC), end.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


class StatusFilter(admin.SimpleListFilter):
    """Runs with this status, or with any of several."""

    title = _("status")
    parameter_name = "status__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """The choices. Another group of statuses is one of them while it is chosen."""
        groups: dict[str, Any] = {
            any_of(PROBLEMS): _("Any problem"),
            any_of(FAILURES): _("Any failure"),
        }
        value = self.value() or ""
        if OR in value and value not in groups and (known := _known(value)):
            groups[value] = ", ".join(map(status_word, known))
        return [*groups.items(), *Status.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those of the chosen status."""
        found: Any = queryset
        if (value := self.value()) is None:
            return queryset
        if not (known := _known(value)):
            return queryset.none()
        if len(known) == 1:
            return found.with_status(known[0])  # type: ignore[no-any-return]  # our queryset
        if {*known} == {*ACTIVE}:
            return found.active()  # type: ignore[no-any-return]
        if {*known} <= {*TROUBLES}:
            return queryset.filter(trouble__in=known)
        return queryset.filter(status__in=known)


def _known(value: str) -> list[str]:
    return [each for each in dict.fromkeys(value.split(OR)) if each in Status.values]


class FormFilter(admin.ListFilter):
    """A filter with inputs, in a form that keeps the other filters."""

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
        """The other filters. They are known once the template has asked for the choices."""

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
        """A link to clear the filter, if it is used."""
        given: dict[str, Any] = changelist.params
        self.others = [(name, given[name]) for name in given if name not in self.names]
        if any(self.used_parameters.values()):
            query = changelist.get_query_string(remove=[*self.names])
            yield {"query_string": query, "display": _("All")}


class JobFilter(FormFilter):
    """Runs of one job, by its name or its id. Names are suggested while one types.

    Our pages link to ids.
    """

    title = _("job")
    names = ("job", "job_id")
    template = "admin/countjobs/executions/job_filter.html"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Runs of the jobs with this name, or this id."""
        if job_id := self.value("job_id"):
            queryset = queryset.filter(job_id=job_id)
        if job := self.value("job"):
            job_ids = job_ids_called(job, self.links.visible_kinds())
            queryset = queryset.of_jobs(job_ids)  # type: ignore[attr-defined]  # ours
        return queryset

    def text(self) -> str:
        """The input's value. An id stays an id: a deleted job can't be found by name."""
        return self.value("job") or self.value("job_id")

    def name(self) -> str:
        """The newest name of the job with the id; "" if it has no runs."""
        if not (job_id := self.value("job_id")):
            return ""
        newest = Execution.objects.filter(job_id=job_id).newest_first()
        return visible(newest.values_list("job_name", flat=True).first() or "")


class DatesFilter(FormFilter):
    """Runs that were due from one day until another, in the site's time zone."""

    title = _("date it was due")
    names = ("from", "to")
    template = "admin/countjobs/executions/dates_filter.html"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Runs of these days, both included. Invalid dates don't filter."""
        bounds = (_midnight(self.value("from"), 0), _midnight(self.value("to"), 1))
        found: QuerySet[Any] = queryset.due_between(*bounds)  # type: ignore[attr-defined]  # ours
        return found

    def inputs(self) -> list[dict[str, Any]]:
        """The inputs, for the template."""
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
        """The time zone of the days."""
        return timezone.get_current_timezone_name()

    def _error(self, text: str) -> str:
        if not text or _midnight(text, 0):
            return ""
        return gettext("“%s” is not a date. Example: 2026-03-04.") % shown(text)


def _midnight(text: str, days: int) -> datetime | None:
    """The start of a date, or of the day so many days later; None for what is no date."""
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
        return timezone.make_aware(datetime.combine(day, time.min)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


class LastAttemptsFilter(admin.SimpleListFilter):
    """Runs without those that another attempt follows: pages that count a chain once link to it."""

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
