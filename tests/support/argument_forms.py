"""The form of a function's arguments, as a browser shows it and sends it back."""

from __future__ import annotations

from typing import Any

from django.forms import modelform_factory
from django.http import QueryDict

from countjobs.admin.definitions.form import PartialForm
from countjobs.models import FunctionJob
from tests.support.definition_form import Browser
from tests.support.registering import NAME

FunctionForm: Any = modelform_factory(
    FunctionJob, form=PartialForm, fields=["function", "arguments"]
)


def shown(arguments: Any, function: str = NAME) -> Any:
    """The form of a definition with these arguments stored."""
    return FunctionForm(instance=FunctionJob(name="form", function=function, arguments=arguments))


def sent(page: str, **typed: str | list[str]) -> QueryDict:
    """What a browser sends of a page's fields, with what was typed."""
    data = QueryDict(mutable=True)
    for name, values in Browser(page).sent.items():
        data.setlist(name, values)
    for name, value in typed.items():
        data.setlist(name.replace("__", "-"), [value] if isinstance(value, str) else value)
    return data


def posted(arguments: Any, data: QueryDict, function: str = NAME) -> Any:
    """The form of a definition with these arguments stored, with what was sent."""
    definition = FunctionJob(name="form", function=function, arguments=arguments)
    return FunctionForm(data, instance=definition)
