"""Who may have a job run by hand, or keep a run from beginning."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth import get_permission_codename
from django.http import HttpRequest

from countjobs.models.kinds import definition_key


def may_run(request: HttpRequest, site: AdminSite, job_id: str) -> bool:
    """Whether the user may run a job: as the pages of its kind of definition say.

    A job from code has no kind, and so no permission that anybody could be given: superusers may.
    """
    if (key := definition_key(job_id)) is None:
        return bool(request.user.is_active and request.user.is_superuser)
    model, _pk = key
    if site.is_registered(model):
        model_admin: Any = site.get_model_admin(model)
        if hasattr(model_admin, "has_run_permission"):
            return bool(model_admin.has_run_permission(request))
    codename = get_permission_codename("run", model._meta)
    return request.user.has_perm(f"{model._meta.app_label}.{codename}")
