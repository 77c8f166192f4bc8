"""Filters of the history, each cheap on a table of millions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from countjobs.admin.display import moment_text, status_word
from countjobs.admin.run_lists import BETWEEN, OR, Span, any_of
from countjobs.models.executions import ACTIVE, FAILURES, PROBLEMS, TROUBLES, Status


class AgeFilter(admin.SimpleListFilter):
    """Those that were due lately; or within a span that a link of another page gives."""

    title = _("due time")
    parameter_name = "since"
    ages = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """The choices; the span is one while it is chosen."""
        yield "hour", _("Last hour")
        yield "day", _("Last 24 hours")
        yield "week", _("Last 7 days")
        if span := _span_of(value := self.value() or ""):
            zone = timezone.get_current_timezone()
            yield value, " – ".join(moment_text(each, zone) for each in span)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those of the chosen age; all for what is no choice."""
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
        """The choices; others of several are one while they are chosen."""
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
