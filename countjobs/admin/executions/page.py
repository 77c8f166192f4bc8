"""The page of one run: what, when, where, and its output; it is updated while the run goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from countjobs.admin.drawings.course import course
from countjobs.admin.executions.columns import RunFacts
from countjobs.admin.executions.notes import is_asked_to_stop
from countjobs.admin.guarded import may_start
from countjobs.admin.links import Links
from countjobs.admin.permits import Permits
from countjobs.models import Execution
from countjobs.models.executions import ACTIVE
from countjobs.models.kinds import definition_key

_TEXTS = ("error", "output", "traceback")


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

    may = Permits(request, site).may_run(execution.job_id)
    is_gone = facts.definition is None and definition_key(execution.job_id)
    may_start_it = facts.definition is None or may_start(request.user, facts.definition)
    return Tools(
        previous=nearest(Execution.objects.before(execution)),
        next=nearest(Execution.objects.after(execution)),
        all=links.to_list(Execution, job_id=execution.job_id),
        can_cancel=may and execution.status in ACTIVE and not is_asked_to_stop(execution),
        can_run_again=may and may_start_it and execution.status not in ACTIVE and not is_gone,
        is_going_on=execution.status in ACTIVE,
    )


def fieldsets_of(execution: Execution | None) -> list[Any]:
    """What, when and where; then the texts, if there are any."""
    texts = [
        name for name in _TEXTS if execution is None or name == "output" or getattr(execution, name)
    ]
    when = ["scheduled", "started", "finished", "lateness", "duration"]
    if execution is None or execution.not_before:
        when.insert(1, "not_before_text")
    if execution is None or course(execution, timezone.now()):
        when.append("bar")
    return [
        (None, {"fields": ["job", "reason", "attempt_text", *_more(execution)]}),
        (_("When"), {"fields": when}),
        (_("Where"), {"fields": ["scheduler"]}),
        (_("Output"), {"fields": [f"{name}_text" for name in texts]}),
    ]


def _more(execution: Execution | None) -> list[str]:
    """Fields that are shown only if they have a value."""
    fields = {
        "requested_by": "requested_by",
        "cancel_requested_at": "stop_asked",
        "folded": "folded",
        "parameters": "parameters_text",
    }
    return [
        shown for name, shown in fields.items() if execution is None or getattr(execution, name)
    ]
