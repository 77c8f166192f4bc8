"""The schedule in a form that is being filled in: it is read and validated, but not saved."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import HttpRequest
from django.utils.text import capfirst

from countjobs.admin.definitions.rule_warnings import NEEDED
from countjobs.forms import MomentField
from countjobs.models import JobDefinition
from countjobs.models.schedule_fields import SCHEDULE, lacking
from countjobs.models.validity import ENDED


def read_schedule(
    model_admin: admin.ModelAdmin[Any], request: HttpRequest, definition: JobDefinition
) -> list[str]:
    """Put what was posted into a definition. Returns what is wrong with it, a sentence each."""
    form = _form(model_admin, request, definition, SCHEDULE)
    wrong = dict(form.errors.as_data())
    before = dict(vars(definition))
    for name, value in form.cleaned_data.items():
        setattr(definition, name, value)
    is_same = not definition._state.adding and not wrong and vars(definition) == before
    _read_rules(model_admin, request, definition)
    definition.name = request.POST.get("name", definition.name)[:200]
    try:
        _check(definition, leave_out=set(wrong))
    except ValidationError as error:
        # What has yet to be filled in isn't wrong, nor is a schedule that has ended as it stands.
        lacks = lacking(definition).keys() - wrong.keys()
        wrong |= {
            name: some
            for name, some in error.error_dict.items()
            if name not in lacks and not (is_same and all(each.code == ENDED for each in some))
        }
    return list(_sentences(definition, wrong))


def _read_rules(
    model_admin: admin.ModelAdmin[Any], request: HttpRequest, definition: JobDefinition
) -> None:
    """Put the rules into it. A wrong one is left out: saving the form says what is wrong."""
    for name, value in _form(model_admin, request, definition, NEEDED).cleaned_data.items():
        field: Any = definition._meta.get_field(name)
        with suppress(ValidationError):
            setattr(definition, name, field.clean(value, definition))


def schedule_problems(definition: JobDefinition) -> list[str]:
    """What is wrong with the schedule of a definition, a sentence each in the reader's language."""
    try:
        _check(copy.copy(definition), leave_out=set())
    except ValidationError as error:
        return list(_sentences(definition, error.update_error_dict({})))
    return []


def _form(
    model_admin: admin.ModelAdmin[Any],
    request: HttpRequest,
    definition: JobDefinition,
    names: Iterable[str],
) -> forms.Form:
    """A form of those fields that were posted, each as it is in the definition's own form."""
    form = forms.Form(request.POST)
    for name in names:
        model_field: Any = model_admin.opts.get_field(name)
        field: Any = model_admin.formfield_for_dbfield(model_field, request)
        if isinstance(field, MomentField):
            field.before = getattr(definition, name)
        if not field.widget.value_omitted_from_data(form.data, form.files, name):
            form.fields[name] = field
    form.full_clean()
    return form


def _check(definition: JobDefinition, leave_out: set[str]) -> None:
    """The checks of the schedule alone. Raises ValidationError.

    A kind's own checks are about fields that aren't here.
    """
    others = {field.name for field in definition._meta.fields} - set(SCHEDULE)
    JobDefinition.clean_fields(definition, exclude=others | leave_out)
    if not leave_out:
        # A disabled definition need not fire. It is previewed all the same.
        definition.enabled = True
        JobDefinition.clean(definition)


def _sentences(definition: JobDefinition, wrong: dict[str, Any]) -> Iterator[str]:
    for name, errors in wrong.items():
        label = ""
        if name != NON_FIELD_ERRORS:
            field: Any = definition._meta.get_field(name)
            label = f"{capfirst(field.verbose_name)}: "
        for error in errors:
            yield from (f"{label}{message}" for message in error.messages)
