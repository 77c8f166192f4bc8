"""The form of a manual run: a kind's own fields, and which of them were overridden."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from django.contrib import admin
from django.db import models
from django.forms import modelform_factory
from django.http import HttpRequest

from countjobs.admin.definitions.form import PartialForm
from countjobs.models import JobDefinition
from countjobs.models.kinds import may_override, own_fields

_JSON = (bool, int, float, str, dict, list, type(None))


class RunForm(PartialForm):
    """A form of a definition that is validated like one, but never saved."""

    def parameters(self) -> dict[str, Any]:
        """What was overridden, as JSON, by the attribute that a run sets."""
        fields = (self.instance._meta.get_field(name) for name in self.changed_data)
        return {field.attname: _json(field, self.instance) for field in fields}


def run_form(
    model_admin: admin.ModelAdmin[Any], request: HttpRequest, definition: JobDefinition
) -> RunForm:
    """The form, filled in from the definition, and with what was posted."""
    form_class: type[Any] = modelform_factory(
        model_admin.model,
        form=RunForm,
        fields=list(_overridable(model_admin, request, definition)),
        formfield_callback=partial(model_admin.formfield_for_dbfield, request=request),
    )
    form: RunForm = form_class(
        request.POST if request.method == "POST" else None, instance=definition
    )
    return form


def _overridable(
    model_admin: admin.ModelAdmin[Any], request: HttpRequest, definition: JobDefinition
) -> Iterator[str]:
    """The kind's own fields that a run may override, that this user may edit, and that JSON can
    hold.
    """
    hidden = {*(model_admin.get_exclude(request, definition) or ())}
    hidden.update(model_admin.get_readonly_fields(request, definition))
    for name in filter(partial(may_override, model_admin.model), own_fields(model_admin.model)):
        field = model_admin.opts.get_field(name)
        if name not in hidden and not isinstance(field, (models.FileField, models.ManyToManyField)):
            yield name


def _json(field: Any, definition: JobDefinition) -> Any:
    value = field.value_from_object(definition)
    return value if isinstance(value, _JSON) else field.value_to_string(definition)
