"""The pages of definitions. A kind of definition of your own is registered with the same class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from countjobs.admin.display import NOTHING, link, pre
from countjobs.admin.facts import attach, facts_of
from countjobs.admin.fieldsets import FIRE_TIMES, fieldsets_of
from countjobs.admin.form import CRONTAB
from countjobs.admin.links import Links
from countjobs.admin.schedules import SchedulePages
from countjobs.admin.widgets import CronInput, MomentInput, ZoneInput
from countjobs.models import CountJob, JobDefinition
from countjobs.models.fields import CronField, OrderedJSONField

_SHORT_TEXT = {"rows": 3}
_CODE = {"rows": 8, "class": "vLargeTextField countjobs-code", "spellcheck": "false"}


class JobDefinitionAdmin(SchedulePages):
    """A list with the next run and the last, actions, and a form that lays out any kind's fields.

    All of it can be overridden as in any `ModelAdmin`.
    """

    list_display = ("name", "schedule", "enabled", "next_run", "last_run")
    list_filter = ("enabled", "timezone")
    search_fields = ("name", "description")
    save_as = True
    formfield_overrides = {
        CronField: {"widget": CronInput},
        OrderedJSONField: {"widget": AdminTextareaWidget(_CODE)},
        models.TextField: {"widget": AdminTextareaWidget(_SHORT_TEXT)},
        models.DateTimeField: {"widget": MomentInput},
    }

    @admin.display(description=_("next run"))
    def next_run(self, definition: JobDefinition) -> str:
        """The next run, or the reason why there is none."""
        return facts_of(definition).next_run()

    @admin.display(description=_("what is broken"))
    def problem(self, definition: JobDefinition) -> str:
        """Why it is broken."""
        return pre(facts_of(definition).error)

    @admin.display(description=_("last run"))
    def last_run(self, definition: JobDefinition) -> str:
        """The newest row of its history."""
        return facts_of(definition).last_run()

    @admin.display(description=_("history"))
    def history(self, definition: JobDefinition) -> str:
        """A link to its executions."""
        url = facts_of(definition).history_url
        return link(url, _("All executions of this job")) if url else NOTHING

    def show_page(self, request: HttpRequest, definitions: Sequence[JobDefinition]) -> None:
        """Read what the list tells of definitions, for all of a page."""
        attach(definitions, Links(request, self.admin_site))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Also the next fire times, and what is told of a definition that is there."""
        given = (*super().get_readonly_fields(request, obj), FIRE_TIMES)
        return (*given, *_told_of(obj)) if obj else given

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Every field in its place, a kind's own after the name, unless you say otherwise."""
        if self.fieldsets or self.fields:
            return super().get_fieldsets(request, obj)
        leave_out = {*(self.get_exclude(request, obj) or ())}
        if not self.may_paste(request, obj):
            leave_out.add(CRONTAB)
        state = [(None, {"fields": _told_of(obj)})] if obj else []
        return [*state, *fieldsets_of(self.model, leave_out)]

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

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """As Django's. Where another took the name between check and save, it is checked anew."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except IntegrityError:  # nothing was saved: it is all one transaction
            return super().changeform_view(request, *args, **kwargs)

    def response_add(
        self, request: HttpRequest, obj: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """As Django's, and when it runs next."""
        response = super().response_add(request, obj, *args, **kwargs)
        self._announce(request, obj)
        return response

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """As Django's, and when it runs next."""
        response = super().response_change(request, obj)
        self._announce(request, obj)
        return response

    def _announce(self, request: HttpRequest, definition: JobDefinition) -> None:
        self.show_page(request, [definition])
        level, text = facts_of(definition).announcement()
        self.message_user(request, text, level)


def _date_or_none(field: models.DateField[Any, Any], text: str) -> Any:
    try:
        return field.to_python(text)
    except ValidationError:
        return None


def _told_of(definition: JobDefinition) -> tuple[str, ...]:
    """What its page tells of a definition, before the form."""
    problem = ("problem",) if facts_of(definition).error else ()
    return ("next_run", *problem, "last_run", "history")


admin.site.register(CountJob, JobDefinitionAdmin)
