"""The page of one execution: what, when, where, and its output; it follows what goes on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.forms import Script
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from countjobs.admin import display
from countjobs.admin.drawings.course import course
from countjobs.admin.executions.columns import ExecutionColumns
from countjobs.admin.executions.running import may_run
from countjobs.admin.executions.views import ExecutionViews
from countjobs.admin.links import Links
from countjobs.models import Execution
from countjobs.models.executions import ACTIVE, Status
from countjobs.models.kinds import definition_key
from countjobs.text import storable, visible

_TEXTS = ("error", "output", "traceback")


@dataclass(frozen=True)
class Tools:
    """Where one may go from an execution, and what one may do with it."""

    previous: str
    next: str
    all: str
    can_cancel: bool
    can_run_again: bool
    is_going_on: bool


class ExecutionPage(ExecutionColumns):
    """Read-only, with buttons for who may run the job."""

    change_form_template = "admin/countjobs/execution/change_form.html"

    class Media:
        css = {"all": ["countjobs/terminal.css"]}
        js = [Script(f"countjobs/{name}.js", type="module") for name in ("renew", "execution")]

    def get_urls(self) -> list[URLPattern]:
        """As Django's, and what the page does."""
        return [*ExecutionViews(self).urls(), *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """As Django's, with how it stands, and what can be done."""
        if execution := context["original"]:
            context["state"] = display.outcome(execution)
            context["progress"] = progress(execution)
            context["tools"] = self._tools(request, execution)
        return super().render_change_form(request, context, *args, **kwargs)

    def _tools(self, request: HttpRequest, execution: Execution) -> Tools:
        links = Links(request, self.admin_site)

        def nearest(found: Any) -> str:
            pk = found.values_list("pk", flat=True).first()
            return "" if pk is None else links.to_object(Execution, pk)

        may = may_run(request, self.admin_site, execution.job_id)
        is_gone = not self.has_definition(execution) and definition_key(execution.job_id)
        return Tools(
            previous=nearest(Execution.objects.before(execution)),
            next=nearest(Execution.objects.after(execution)),
            all=links.to_list(Execution, job_id=execution.job_id),
            can_cancel=may and execution.status == Status.QUEUED,
            can_run_again=may and execution.status not in ACTIVE and not is_gone,
            is_going_on=execution.status in ACTIVE,
        )

    def get_fieldsets(self, request: HttpRequest, obj: Execution | None = None) -> Any:
        """What, when and where; then the texts that there are."""
        texts = [name for name in _TEXTS if obj is None or name == "output" or getattr(obj, name)]
        when = ["scheduled", "started", "finished", "lateness", "duration"]
        if obj is None or course(obj, timezone.now()):
            when.append("bar")
        return [
            (None, {"fields": ["job", "reason", "attempt", *_more(obj)]}),
            (_("When"), {"fields": when}),
            (_("Where"), {"fields": ["scheduler"]}),
            (_("Output"), {"fields": [f"{name}_text" for name in texts]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Everything."""
        return [
            name for _t, options in self.get_fieldsets(request, obj) for name in options["fields"]
        ]

    @admin.display(description=_("took"))
    def duration(self, execution: Execution) -> str:
        """How long it took, or has been going on so far."""
        text = super().duration(execution)
        return text if execution.status != Status.RUNNING else gettext("%s so far") % text

    @admin.display(description=_("timeline"))
    def bar(self, execution: Execution) -> SafeString | str:
        """Lateness and duration, drawn."""
        return course(execution, timezone.now())

    @admin.display(description=_("scheduler"))
    def scheduler(self, execution: Execution) -> str:
        """Its whole name."""
        return visible(execution.node) or display.NOTHING

    @admin.display(description=_("parameters"))
    def parameters_text(self, execution: Execution) -> str:
        """What was overridden for this run. Nobody has validated it: it may be no text at all."""
        return display.pre(storable(json.dumps(execution.parameters, ensure_ascii=False, indent=2)))

    @admin.display(description=_("output"))
    def output_text(self, execution: Execution) -> str:
        """What it printed and logged."""
        return display.terminal(execution.output)

    @admin.display(description=_("error"))
    def error_text(self, execution: Execution) -> str:
        """What went wrong."""
        return display.pre(execution.error)

    @admin.display(description=_("traceback"))
    def traceback_text(self, execution: Execution) -> str:
        """Where it went wrong."""
        return display.pre(execution.traceback)


def progress(execution: Execution) -> SafeString | str:
    """How far a run has come, where its job tells it and it has not succeeded: a bar, and words."""
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


def _more(execution: Execution | None) -> list[str]:
    """What is told only where it says something."""
    fields = {"requested_by": "requested_by", "folded": "folded", "parameters": "parameters_text"}
    return [
        shown for name, shown in fields.items() if execution is None or getattr(execution, name)
    ]
