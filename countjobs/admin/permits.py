"""Who may run which jobs, and so may cancel their runs."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from countjobs.admin.links import has_permission
from countjobs.models import JobDefinition
from countjobs.models.kinds import concrete_definitions, definition_key

Kind = type[JobDefinition]


class Permits:
    """What one user may run, by the permissions of each kind of definition.

    Each kind is asked for once, however many runs a page has.
    """

    def __init__(self, request: HttpRequest, site: admin.AdminSite) -> None:
        self._request = request
        self._site = site
        self._known: dict[Kind, bool] = {}

    def may_run(self, job_id: str) -> bool:
        """Whether the user may run a job.

        A job from code has no kind, and so there is no permission to give: superusers may run it.
        """
        key = definition_key(job_id)
        return self._is_superuser() if key is None else self._may_run_kind(key[0])

    def may_run_some(self) -> bool:
        """Whether there is any kind of job that the user may run."""
        return self._is_superuser() or any(map(self._may_run_kind, concrete_definitions()))

    def _is_superuser(self) -> bool:
        return bool(self._request.user.is_active and self._request.user.is_superuser)

    def _may_run_kind(self, model: Kind) -> bool:
        if model not in self._known:
            self._known[model] = self._ask(model)
        return self._known[model]

    def _ask(self, model: Kind) -> bool:
        if self._site.is_registered(model):
            model_admin: Any = self._site.get_model_admin(model)
            if hasattr(model_admin, "has_run_permission"):
                return bool(model_admin.has_run_permission(self._request))
        return has_permission(self._request, "run", model)
