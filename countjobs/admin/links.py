"""Links between the pages: only to what exists and the user may see.

Links to runs may filter them: `within` and `any_of` write what the list's filters read.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin import AdminSite, site
from django.contrib.admin.sites import all_sites
from django.contrib.admin.utils import quote
from django.contrib.auth import get_permission_codename
from django.db import models
from django.http import HttpRequest
from django.urls import reverse

from countjobs.admin.urls import address_of
from countjobs.models import Execution, JobDefinition
from countjobs.models.executions import FAILURES
from countjobs.models.kinds import concrete_definitions

HOLD = "countjobs.hold_jobs"
"""The permission to hold and release all jobs."""
BETWEEN = ".."
OR = ","
_INSTANT = timedelta(microseconds=1)

Span = tuple[datetime, datetime]
"""A pair: the first instant of the span, and the first one after it."""


def has_permission(request: HttpRequest, action: str, model: type[models.Model]) -> bool:
    """Whether the user has this permission for a model, whether or not it has pages."""
    codename = get_permission_codename(action, model._meta)
    return request.user.has_perm(f"{model._meta.app_label}.{codename}")


class Links:
    """The links of one site that the user of a request may follow. Without a request, none."""

    def __init__(self, request: HttpRequest | None, site: AdminSite) -> None:
        self._request = request
        self._site = site

    def may_view(self, model: type[models.Model]) -> bool:
        """Whether the site has pages of a model, and the user may see them."""
        if self._request is None or not self._site.is_registered(model):
            return False
        return self._site.get_model_admin(model).has_view_permission(self._request)

    def is_hidden(self, model: type[models.Model]) -> bool:
        """Whether the user may not see objects of a model, whether or not it has pages."""
        if self._site.is_registered(model):
            return not self.may_view(model)
        return self._request is None or not has_permission(self._request, "view", model)

    def visible_kinds(self) -> list[type[JobDefinition]]:
        """The kinds of definition that the user may see, and so may know the names of."""
        return [kind for kind in concrete_definitions() if not self.is_hidden(kind)]

    def kinds_with_pages(self) -> list[type[JobDefinition]]:
        """Those of them that have pages on this site."""
        return [kind for kind in concrete_definitions() if self.may_view(kind)]

    def to_jobs(self) -> str:
        """The URL of the page “Jobs”; "" for users who may not view any kind, and none."""
        if not self._site.is_registered(Execution) or not self.kinds_with_pages():
            return ""
        return reverse("admin:countjobs_jobs", current_app=self._site.name)

    def to_overview(self) -> str:
        """The URL of the overview; "" for none."""
        return self._to_page_of_runs("admin:countjobs_overview")

    def to_running(self) -> str:
        """The URL of the page “Running now”; "" for none."""
        return self._to_page_of_runs("admin:countjobs_running")

    def may_hold(self) -> bool:
        """Whether the user may hold and release all jobs, on this site."""
        if self._request is None or not self._site.is_registered(Execution):
            return False
        return self._request.user.has_perm(HOLD)

    def to_hold(self) -> str:
        """The URL of the page that holds and releases all jobs; "" for users who may not."""
        return (
            reverse("admin:countjobs_hold", current_app=self._site.name) if self.may_hold() else ""
        )

    def _to_page_of_runs(self, name: str) -> str:
        return reverse(name, current_app=self._site.name) if self.may_view(Execution) else ""

    def to_list(self, model: type[models.Model], **query: Any) -> str:
        """The URL of a model's list, filtered; "" for none."""
        if not self.may_view(model):
            return ""
        url = self._reverse(model, "changelist")
        return f"{url}?{urlencode(query)}" if query else url

    def to_failures(self, job_id: str, **query: Any) -> str:
        """The URL of a list of a job's failures, each chain of attempts once; "" for none."""
        failed = {"job_id": job_id, "status__exact": any_of(FAILURES), **ONCE}
        return self.to_list(Execution, **failed, **query)

    def to_object(self, model: type[models.Model], pk: object) -> str:
        """The URL of an object's page; "" for none."""
        return self._reverse(model, "change", quote(str(pk))) if self.may_view(model) else ""

    def _reverse(self, model: type[models.Model], page: str, *args: object) -> str:
        return address_of(self._site, model._meta, page, *args)


def site_of(request: HttpRequest) -> AdminSite:
    """The site that a page belongs to: its view knows it, or the request has its name."""
    match = request.resolver_match
    view = match and match.func
    owner = getattr(view, "model_admin", view)
    found: AdminSite | None = getattr(owner, "admin_site", None)
    if found is not None:
        return found
    name = getattr(request, "current_app", None) or (match and match.namespace)
    return next((each for each in all_sites if each.name == name), site)


def within(start: datetime, end: datetime) -> str:
    """The value of `since` in a URL, for runs due from an instant until before another."""
    return BETWEEN.join(f"{each.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}" for each in (start, end))


def within_those_of(moments: Iterable[datetime]) -> str:
    """The same for those due at these moments, or between them."""
    known = sorted(moments)
    return within(known[0], known[-1] + _INSTANT)


ONCE = {"attempts": "last"}
"""A query for a list of runs, where a chain of attempts counts once: see `LastAttemptsFilter`."""


def any_of(statuses: Iterable[str]) -> str:
    """The value of `status__exact` in a URL, for runs with any of these statuses."""
    return OR.join(statuses)
