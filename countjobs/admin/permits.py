"""What a user may do with the definitions of each kind: run them, cancel their runs, pause them."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from countjobs.admin.links import has_permission
from countjobs.models import JobDefinition
from countjobs.models.kinds import concrete_definitions, definition_key

Kind = type[JobDefinition]


class Permits:
    """What one user may do, by the permissions of each kind of definition.

    If a kind has an admin of ours, that one says so: a project may have overridden its methods.
    Each kind is asked for once, however many jobs a page has.
    """

    def __init__(self, request: HttpRequest, site: admin.AdminSite) -> None:
        self._request = request
        self.site = site
        self._known: dict[tuple[str, Kind], bool] = {}

    def may_run(self, job_id: str) -> bool:
        """Whether the user may run a job.

        A job from code has no kind, and so there is no permission to give: superusers may run it.
        """
        key = definition_key(job_id)
        return self._is_superuser() if key is None else self.may("run", key[0])

    def may_run_some(self) -> bool:
        """Whether there is any kind of job that the user may run."""
        return self._is_superuser() or any(self.may("run", kind) for kind in concrete_definitions())

    def _is_superuser(self) -> bool:
        return bool(self._request.user.is_active and self._request.user.is_superuser)

    def may(self, action: str, kind: Kind) -> bool:
        """Whether the user may do this with definitions of a kind: "run", or "pause"."""
        if (action, kind) not in self._known:
            self._known[action, kind] = self._ask(action, kind)
        return self._known[action, kind]

    def _ask(self, action: str, kind: Kind) -> bool:
        if self.site.is_registered(kind):
            model_admin = self.site.get_model_admin(kind)
            if method := getattr(model_admin, f"has_{action}_permission", None):
                return bool(method(self._request))
        return has_permission(self._request, action, kind)
