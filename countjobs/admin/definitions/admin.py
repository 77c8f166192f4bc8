"""The pages of definitions. Register your own kinds of definition with the same class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.utils import quote
from django.contrib.admin.views.main import ChangeList
from django.db import IntegrityError, models
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from countjobs.admin.changes import tell_switch
from countjobs.admin.definitions import actions as on_ticked
from countjobs.admin.definitions import figures as of_runs
from countjobs.admin.definitions import pausing, run_now, running_again
from countjobs.admin.definitions.changelist import DefinitionChangeList
from countjobs.admin.definitions.checks import DefinitionAdminChecks
from countjobs.admin.definitions.columns import Facts, name, read_facts
from countjobs.admin.definitions.copying import is_saved_as_new, name_copy, original_of
from countjobs.admin.definitions.fieldsets import (
    FIRE_TIMES,
    RUNS,
    TOLD,
    fieldsets_of,
    unused_fields,
    with_facts,
)
from countjobs.admin.definitions.filters import GroupFilter, OutcomeFilter, WatchFilter, ZoneFilter
from countjobs.admin.definitions.form import (
    CRONTAB,
    AnyModelForm,
    DefinitionForm,
    filled_words,
    without_wrong_dates,
)
from countjobs.admin.definitions.inputs import input_of
from countjobs.admin.definitions.notices import guard_notices, notices_of
from countjobs.admin.definitions.preview import views as preview
from countjobs.admin.definitions.preview.meaning import panel
from countjobs.admin.definitions.schedule_words import in_words
from countjobs.admin.definitions.widgets import INPUTS, MomentInput
from countjobs.admin.guarded import may_start, may_use
from countjobs.admin.links import Links, has_permission
from countjobs.admin.page import PageAdmin, column
from countjobs.admin.transfer import import_page
from countjobs.admin.urls import Page, address_of
from countjobs.models import CountJob, Execution, JobDefinition


class JobDefinitionAdmin(PageAdmin):
    """A list with the next run and the last, actions, and a form that lays out any kind's fields.

    All of it can be overridden as in any `ModelAdmin`. Your own fieldsets may name `crontab_line`,
    `fire_times`, and every column below.
    """

    change_list_template = "admin/countjobs/definitions/change_list.html"
    change_form_template = "admin/countjobs/definitions/change_form.html"
    object_history_template = "admin/countjobs/definitions/object_history.html"
    checks_class = DefinitionAdminChecks
    more_pages: Sequence[Page] = (
        *preview.PAGES,
        *run_now.PAGES,
        *pausing.PAGES,
        *running_again.PAGES,
        *import_page.PAGES,
    )
    actions: Sequence[str] = ("run_now", "pause", "resume", "duplicate", "export")
    run_now = on_ticked.run_now
    pause = on_ticked.pause
    resume = on_ticked.resume
    duplicate = on_ticked.duplicate
    export = on_ticked.export

    list_display: tuple[Any, ...] = (
        *("name", "schedule", "switch"),
        *("next_run", "last_run", "runs_strip"),
    )
    list_filter = ("enabled", GroupFilter, WatchFilter, OutcomeFilter, ZoneFilter, "executor")
    list_per_page = 25
    search_fields: ClassVar[tuple[str, ...]] = ("name", "description")
    show_facets = admin.ShowFacets.NEVER
    show_full_result_count = False

    form: type[AnyModelForm] = DefinitionForm
    save_as = True
    formfield_overrides = INPUTS

    # Who may do what

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As Django's; and what the definition calls may need a permission of its own."""
        return super().has_change_permission(request, obj) and may_use(request.user, obj)

    def has_run_permission(self, request: HttpRequest) -> bool:
        """Whether the user may run definitions of this kind by hand."""
        return has_permission(request, "run", self.model)

    def has_pause_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the user may pause and resume definitions of this kind: enable and disable them.

        This is separate from the permission to change them, which alone leaves `enabled` as it is.
        """
        return has_permission(request, "pause", self.model)

    def has_import_permission(self, request: HttpRequest) -> bool:
        """Whether the user may import definitions of this kind: add, change and pause them."""
        may = (self.has_add_permission, self.has_change_permission, self.has_pause_permission)
        return all(each(request) for each in may)

    # Columns

    def read_facts(self, definitions: Sequence[JobDefinition], links: Links) -> list[Facts]:
        """The facts of definitions, in as many queries for many as for one."""
        return read_facts(definitions, links)

    next_run = column(_("next run"), Facts.next_run)
    last_run = column(_("last run"), Facts.last_run)
    runs_strip = column(_("recent runs"), Facts.runs_strip)
    problem = column(_("what is broken"), Facts.problem)
    paused = column(_("paused"), Facts.paused)
    history = column(_("history"), Facts.history)
    success = column(_("success rate"), of_runs.success)
    figures = column(_("figures"), of_runs.figures)
    durations = column(_("durations"), of_runs.durations)
    recent_runs = column(_("last runs"), of_runs.recent_runs)

    @admin.display(description=_("schedule"))
    def schedule(self, definition: JobDefinition) -> SafeString:
        """The schedule in words."""
        return in_words(definition)

    @admin.display(description=_("next runs"))
    def fire_times(self, definition: JobDefinition) -> SafeString:
        """The preview."""
        return panel(definition)

    @admin.display(description=_("enabled"), ordering="enabled")
    def switch(self, definition: JobDefinition) -> SafeString:
        """A switch, for users who may pause; others see on or off."""
        return pausing.switch(self, self._request, definition)

    # The list

    def get_list_display(self, request: HttpRequest) -> Any:
        """As Django's; names show characters that would be invisible."""
        given = super().get_list_display(request)
        return [name if each == "name" else each for each in given]

    def get_list_filter(self, request: HttpRequest) -> Any:
        """As Django's, without the outcome filter for users who may not see runs."""
        given = super().get_list_filter(request)
        sees_runs = Links(request, self.admin_site).may_view(Execution)
        return [each for each in given if sees_runs or each is not OutcomeFilter]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list's class."""
        return DefinitionChangeList

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """As Django's, with a link to the page that imports."""
        may_import = self.has_import_permission(request)
        context = {"import_page": self.page_address("import") if may_import else ""}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    # The form

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """As Django's, with the columns of a saved definition; and with `enabled`, for users who
        may not pause. Their new definitions are enabled.
        """
        given = tuple(super().get_readonly_fields(request, obj))
        fixed = () if self.has_pause_permission(request, obj) else ("enabled",)
        return (*given, *fixed, FIRE_TIMES, *((*TOLD, *RUNS) if obj else ()))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Every field in its place, a kind's own after the name, unless you say otherwise."""
        if self.fieldsets or self.fields:
            return super().get_fieldsets(request, obj)
        leave_out = {*(self.get_exclude(request, obj) or ())}
        may_edit = obj is None or self.has_change_permission(request, obj)
        if not (may_edit and CRONTAB in self.form.base_fields):
            leave_out.add(CRONTAB)
        if obj is not None and not may_edit:
            leave_out |= unused_fields(obj)
        inputs = fieldsets_of(self.model, leave_out, obj, request.POST or request.GET)
        return inputs if obj is None else with_facts(inputs, self.facts_of(obj))

    def formfield_for_dbfield(
        self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """As Django's; time zones can be chosen from a list, and dates name their time zone."""
        kwargs = {**input_of(db_field, request, self.admin_site), **kwargs}
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, MomentInput):
            field.widget.label = str(field.label)
        return field

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """As Django's: initial values from the URL. Invalid dates are left out."""
        return without_wrong_dates(self.model, super().get_changeform_initial_data(request))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """As Django's, with the buttons that this user may press.

        If a crontab line has filled in the form, say so: the user is to check it.
        """
        if filled := getattr(context["adminform"].form, "filled", None):
            self.message_user(request, filled_words(filled), messages.WARNING)
        if original := context.get("original"):
            context["tools"] = self._tools(request, original)
            notices = list(notices_of(self.facts_of(original)))
            context["notices"] = notices + guard_notices(request.user, original)
            context["again"] = running_again.offer(self, request, self.facts_of(original))
        return super().render_change_form(request, context, *args, **kwargs)

    def _tools(self, request: HttpRequest, definition: JobDefinition) -> dict[str, str]:
        tools = []
        may_resume = may_start(request.user, definition)
        if self.has_run_permission(request) and may_resume:
            tools.append("run")
        if self.has_pause_permission(request, definition):
            enabled = self.facts_of(definition).enabled
            tools += ["pause"] if enabled else ["resume"] if may_resume else []
        return {f"{each}_url": self.page_address(each, definition) for each in tools}

    def page_address(self, page: str, *of: JobDefinition) -> str:
        """The URL of a page of this kind, or of one of its definitions."""
        keys = [quote(str(definition.pk)) for definition in of]
        return address_of(self.admin_site, self.opts, page, *keys)

    # Saving

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        """As Django's; a copy that was given no name of its own gets one.

        If somebody else took the name between check and save, check again.
        """
        if object_id:
            name_copy(self, request, object_id)
        try:
            return super().changeform_view(request, object_id, *args, **kwargs)
        except IntegrityError:  # nothing was saved: it is one transaction
            return super().changeform_view(request, object_id, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """As Django's. A copy made by somebody who may not resume is enabled only if its original
        is.
        """
        if is_saved_as_new(request) and not self.has_pause_permission(request):
            original = original_of(self, request)
            obj.enabled = bool(original and original.enabled)
        super().save_model(request, obj, form, change)

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        """As Django's, and which way it was switched."""
        parts: Any = super().construct_change_message(request, form, formsets, add)
        for part in parts:
            if "changed" in part:
                switched = form.instance.enabled if "enabled" in form.changed_data else None
                part["changed"] = tell_switch(part["changed"], switched)
        return parts

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
        """Say when a definition runs next, or why it won't; and warn about its schedule."""
        self.load_facts(request, [definition])
        for level, text in self.facts_of(definition).messages():
            self.message_user(request, text, level)


admin.site.register(CountJob, JobDefinitionAdmin)
