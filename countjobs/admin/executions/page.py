"""The page of one run: what, when, where, and its output; it is updated while the run goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from countjobs.admin.drawings.course import course
from countjobs.admin.executions.columns import RunFacts
from countjobs.admin.links import Links, has_permission
from countjobs.models import Execution
from countjobs.models.executions import ACTIVE, Status
from countjobs.models.kinds import definition_key

_TEXTS = ("error", "output", "traceback")


def may_run(request: HttpRequest, site: admin.AdminSite, job_id: str) -> bool:
    """Whether the user may run a job, by the permissions of its kind of definition.

    A job from code has no kind, and so there is no permission to give: superusers may run it.
    """
    if (key := definition_key(job_id)) is None:
        return bool(request.user.is_active and request.user.is_superuser)
    model, _pk = key
    if site.is_registered(model):
        model_admin: Any = site.get_model_admin(model)
        if hasattr(model_admin, "has_run_permission"):
            return bool(model_admin.has_run_permission(request))
    return has_permission(request, "run", model)


@dataclass(frozen=True)
class Tools:
    """The links of a run's page, and what the user may do with the run."""

    previous: str
    next: str
    all: str
    can_cancel: bool
    can_run_again: bool
    is_going_on: bool


def tools_of(facts: RunFacts, request: HttpRequest, site: admin.AdminSite) -> Tools:
    """Those for this user."""
    execution = facts.run
    links = Links(request, site)

    def nearest(found: Any) -> str:
        pk = found.values_list("pk", flat=True).first()
        return "" if pk is None else links.to_object(Execution, pk)

    may = may_run(request, site, execution.job_id)
    is_gone = not facts.has_definition and definition_key(execution.job_id)
    return Tools(
        previous=nearest(Execution.objects.before(execution)),
        next=nearest(Execution.objects.after(execution)),
        all=links.to_list(Execution, job_id=execution.job_id),
        can_cancel=may and execution.status == Status.QUEUED,
        can_run_again=may and execution.status not in ACTIVE and not is_gone,
        is_going_on=execution.status in ACTIVE,
    )


def fieldsets_of(execution: Execution | None) -> list[Any]:
    """What, when and where; then the texts, if there are any."""
    texts = [
        name for name in _TEXTS if execution is None or name == "output" or getattr(execution, name)
    ]
    when = ["scheduled", "started", "finished", "lateness", "duration"]
    if execution is None or course(execution, timezone.now()):
        when.append("bar")
    return [
        (None, {"fields": ["job", "reason", "attempt", *_more(execution)]}),
        (_("When"), {"fields": when}),
        (_("Where"), {"fields": ["scheduler"]}),
        (_("Output"), {"fields": [f"{name}_text" for name in texts]}),
    ]


def _more(execution: Execution | None) -> list[str]:
    """Fields that are shown only if they have a value."""
    fields = {"requested_by": "requested_by", "folded": "folded", "parameters": "parameters_text"}
    return [
        shown for name, shown in fields.items() if execution is None or getattr(execution, name)
    ]


def progress(execution: Execution) -> SafeString | str:
    """How far a run has got, if its job says so and it has not succeeded: a bar, and words."""
    done, total = execution.progress_done, execution.progress_total
    if done is None or execution.status == Status.SUCCEEDED:
        return ""
    if not total:
        return format_html(
            "<span>{}</span>", gettext("%s done") % number_format(done, force_grouping=True)
        )
    figures = {
        "done": number_format(done, force_grouping=True),
        "total": number_format(total, force_grouping=True),
        "percent": 100 * done // total,
    }
    return format_html(
        '<label for="countjobs-progress">{}</label> '
        '<progress id="countjobs-progress" max="{}" value="{}"></progress>',
        gettext("%(done)s of %(total)s (%(percent)d %%)") % figures,
        total,
        done,
    )
