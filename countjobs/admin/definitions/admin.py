"""The pages of definitions. A kind of definition of your own is registered with the same class."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from countjobs.admin.definitions.changelist import DefinitionList
from countjobs.admin.definitions.checks import DefinitionAdminChecks
from countjobs.admin.definitions.enabling import last_pause
from countjobs.admin.definitions.facts import facts_of
from countjobs.admin.definitions.fieldsets import FIRE_TIMES, TOLD, fieldsets_of
from countjobs.admin.definitions.figures import RUNS, RunFigures
from countjobs.admin.definitions.form import CRONTAB
from countjobs.admin.definitions.saving import DefinitionSaving
from countjobs.admin.definitions.tools import DefinitionTools
from countjobs.admin.definitions.widgets import CronInput, MomentInput, ZoneInput
from countjobs.admin.display import NOTHING, link, moment, pre
from countjobs.admin.links import Links
from countjobs.admin.transfer import TransferPages
from countjobs.forms import KeyTextRows, MomentField
from countjobs.models import CountJob, Execution, JobDefinition
from countjobs.models.fields import CronField, KeyTextField, OrderedJSONField

_PAUSE = "_countjobs_pause"
_SHORT_TEXT = {"rows": 3}
_CODE = {"rows": 8, "class": "vLargeTextField countjobs-code", "spellcheck": "false"}


class JobDefinitionAdmin(
    DefinitionTools, RunFigures, TransferPages, DefinitionSaving, DefinitionList
):
    """A list with the next run and the last, actions, and a form that lays out any kind's fields.

    All of it can be overridden as in any `ModelAdmin`.
    """

    checks_class = DefinitionAdminChecks
    formfield_overrides = {
        CronField: {"widget": CronInput},
        KeyTextField: {"widget": KeyTextRows},
        OrderedJSONField: {"widget": AdminTextareaWidget(_CODE)},
        models.TextField: {"widget": AdminTextareaWidget(_SHORT_TEXT)},
        models.DateTimeField: {"form_class": MomentField, "widget": MomentInput},
    }

    @admin.display(description=_("what is broken"))
    def problem(self, definition: JobDefinition) -> str:
        """Why it is broken."""
        return pre(facts_of(definition).error)

    @admin.display(description=_("history"))
    def history(self, definition: JobDefinition) -> str:
        """A link to its executions."""
        url = facts_of(definition).history_url
        return link(url, _("All executions of this job")) if url else NOTHING

    @admin.display(description=_("paused"))
    def paused(self, definition: JobDefinition) -> str:
        """Who paused it, and when."""
        pause = _pause_of(definition)
        if pause is None:
            return NOTHING
        when = moment(pause.action_time, facts_of(definition).zone)
        return format_html(gettext("by {who} on {when}"), who=pause.user, when=when)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """As Django's; and who paused it, where somebody did."""
        definition = super().get_object(request, object_id, from_field)
        if definition is not None and not definition.enabled:
            definition.__dict__[_PAUSE] = last_pause(definition)
        return definition

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Also the next fire times, and what is told of a definition that is there."""
        given = (*super().get_readonly_fields(request, obj), FIRE_TIMES)
        return (*given, *TOLD, *RUNS) if obj else given

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Every field in its place, a kind's own after the name, unless you say otherwise."""
        if self.fieldsets or self.fields:
            return super().get_fieldsets(request, obj)
        leave_out = {*(self.get_exclude(request, obj) or ())}
        if not self.may_paste(request, obj):
            leave_out.add(CRONTAB)
        form = fieldsets_of(self.model, leave_out, is_new=obj is None)
        if obj is None:
            return form
        may_view_runs = Links(request, self.admin_site).may_view(Execution)
        has_run = facts_of(obj).last is not None
        runs = [(_("Runs"), {"fields": RUNS})] if has_run and may_view_runs else []
        return [(None, {"fields": _told_of(obj)}), *form, *runs]

    def formfield_for_dbfield(
        self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """As Django's; time zones can be chosen, and dates say whose they are."""
        if db_field.name == "timezone":
            kwargs.setdefault("widget", ZoneInput)
        elif db_field.name in ("start_date", "end_date"):
            zone = timezone.get_current_timezone_name()
            kwargs.setdefault("help_text", gettext("In this site's time zone, %s.") % zone)
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, MomentInput):
            field.widget.label = str(field.label)
        return field

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """As Django's: what an address gives for a new one. Dates that are none are left out."""
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        for field in self.opts.concrete_fields:
            if isinstance(field, models.DateField) and isinstance(initial.get(field.name), str):
                initial[field.name] = _date_or_none(field, initial[field.name])
        return initial


def _date_or_none(field: models.DateField[Any, Any], text: str) -> Any:
    try:
        moment = field.to_python(text)
        if isinstance(moment, datetime) and timezone.is_aware(moment):
            timezone.localtime(moment)  # as the form shows it, which may lie beyond the calendar
    except (ValidationError, OverflowError):
        return None
    return moment


def _told_of(definition: JobDefinition) -> tuple[str, ...]:
    """What its page tells of a definition, before the form."""
    only_if = {"problem": facts_of(definition).error, "paused": _pause_of(definition)}
    return tuple(name for name in TOLD if only_if.get(name, True))


def _pause_of(definition: JobDefinition) -> LogEntry | None:
    """What `get_object` has read: not for rows of the list."""
    return cast("LogEntry | None", definition.__dict__.get(_PAUSE))


admin.site.register(CountJob, JobDefinitionAdmin)
