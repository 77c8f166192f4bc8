"""The pages of function jobs and command jobs."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext_lazy as _

from countjobs.admin.definitions.admin import JobDefinitionAdmin
from countjobs.admin.functions import chosen_inputs, declared
from countjobs.admin.functions.call_form import FunctionForm
from countjobs.admin.functions.function_choice import (
    CallChoice,
    Choices,
    FunctionChoice,
    commands_here,
    functions_for,
)
from countjobs.admin.functions.object_input import field_of, search_objects
from countjobs.admin.urls import Page
from countjobs.functions.argument_inputs import ArgumentsFormField
from countjobs.models import CommandJob, FunctionJob
from countjobs.models.functionjob import ArgumentsField
from countjobs.text import visible

_MOST_SHOWN = 120
"""Characters of a call in the list."""


def _path(name: str) -> str:
    """What stands before the last part of a dotted name."""
    path, dot, _last = name.rpartition(".")
    return path + dot


class CallAdmin(JobDefinitionAdmin):
    """What both have in common: a choice of what is called, and a column of it."""

    call_field = ""
    """The field that names what is called."""
    more_pages = (*JobDefinitionAdmin.more_pages, *chosen_inputs.PAGES)
    list_display = ("name", "call", "schedule", "switch", "next_run", "last_run", "runs_strip")

    @admin.display(description=_("calls"))
    def call(self, definition: Any) -> SafeString:
        """What is called, with its arguments, in words."""
        words = visible(definition.call_in_words())
        name = getattr(definition, self.call_field)
        shown = Truncator(words.removeprefix(_path(name))).chars(_MOST_SHOWN)
        # Lines break after these, rather than anywhere in a word.
        parts = ((part,) for part in re.split(r"(?<=[(=_.])", shown))
        broken = format_html_join(SafeString("<wbr>"), "{}", parts)
        return format_html('<span class="countjobs-call" title="{}">{}</span>', words, broken)


class FunctionJobAdmin(CallAdmin):
    """The form has an input for each parameter of the function that is chosen."""

    call_field = "function"
    form = FunctionForm
    more_pages = (
        *CallAdmin.more_pages,
        *declared.PAGES,
        Page("objects", "objects/", search_objects),
    )
    actions = (*CallAdmin.actions, "back_to_declaration")
    back_to_declaration = declared.back_to_declaration
    list_select_related = ("declaration",)
    search_fields = (*CallAdmin.search_fields, "function")

    def has_go_back_permission(self, request: HttpRequest) -> bool:
        """Whether the user may set definitions back to their declarations."""
        return self.has_change_permission(request) and self.has_pause_permission(request)

    @admin.display(description=_("calls"))
    def call(self, definition: FunctionJob) -> SafeString:
        """The function with its arguments, and whether code declares the definition."""
        return format_html("{} {}", super().call(definition), declared.declared_badge(definition))

    @admin.display(description=_("declared"))
    def declared(self, definition: FunctionJob) -> SafeString:
        """What code declares, against what is there now."""
        return declared.comparison(definition)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """As for all definitions, with the declaration."""
        return (*super().get_readonly_fields(request, obj), *(("declared",) if obj else ()))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """As for all definitions, with the declaration, if there is one."""
        found = super().get_fieldsets(request, obj)
        if obj is not None and declared.declaration_of(obj) is not None and not self.fieldsets:
            title, options = found[0]
            told = {**options, "fields": (*options["fields"], "declared")}
            found = [(title, told), *found[1:]]
        return found

    def formfield_for_dbfield(
        self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """As for all definitions; the functions that this user may use can be chosen."""
        if db_field.name == self.call_field:
            return _choice(FunctionChoice, db_field, functions_for(request.user))
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(db_field, ArgumentsField) and isinstance(field, ArgumentsFormField):
            field.widget.make_field = partial(field_of, self, request)
        return field

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """As for all definitions, with the way back to the declaration."""
        response = super().render_change_form(request, context, *args, **kwargs)
        definition = context.get("original")
        if (
            definition
            and declared.may_go_back(self, request, definition)
            and declared.is_changed(definition)
        ):
            context["tools"]["declared_url"] = self.page_address("declared", definition)
        return response


class CommandJobAdmin(CallAdmin):
    """The form shows the help of the command that is chosen."""

    call_field = "command"
    search_fields = (*CallAdmin.search_fields, "command", "arguments")

    def formfield_for_dbfield(
        self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """As for all definitions; the commands that the settings allow can be chosen."""
        if db_field.name == self.call_field:
            return _choice(CallChoice, db_field, commands_here())
        return super().formfield_for_dbfield(db_field, request, **kwargs)


def _choice(
    field: type[CallChoice], db_field: models.Field[Any, Any], choices: Choices
) -> CallChoice:
    return field(
        choices=choices, label=capfirst(db_field.verbose_name), help_text=db_field.help_text
    )


admin.site.register(FunctionJob, FunctionJobAdmin)
admin.site.register(CommandJob, CommandJobAdmin)
