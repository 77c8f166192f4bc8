"""The format of exported definitions: which fields a file carries, and each value as JSON."""

from __future__ import annotations

import json
from collections.abc import Container
from typing import Any, TypeAlias

from django.core.exceptions import ObjectDoesNotExist
from django.db import models

from countjobs.models import JobDefinition
from countjobs.models.json_values import json_value
from countjobs.models.rules import Rules
from countjobs.text import is_encodable

AnyField: TypeAlias = "models.Field[Any, Any]"
Fields = dict[str, AnyField]

FORMAT = "countjobs"
VERSION = 1
"""Of the format. Files of later versions are refused."""

_SHOWN = ("name", "enabled")

_RULES = frozenset(field.name for field in Rules._meta.fields)
_COMMON = frozenset(field.name for field in JobDefinition._meta.fields)


def label_of(model: type[models.Model]) -> str:
    """The kind that an entry names. A proxy's definitions belong to its concrete model."""
    return (model._meta.concrete_model or model)._meta.label_lower


def fields_of(model: type[models.Model], offered: Container[str] | None = None) -> Fields:
    """The fields that a file carries, by name: those offered, the name, and `enabled`.

    Without `offered`, all that people may edit. A primary key differs between databases, and
    uploaded files aren't in the database: neither is carried.
    """
    return {
        field.name: field
        for field in sorted(model._meta.concrete_fields, key=_place)
        if field.name in _SHOWN
        or ((offered is None or field.name in offered) and _is_carried(field))
    }


def _place(field: AnyField) -> int:
    """What and when first, then the rules, then what the kind adds. Each has its own order."""
    if field.name in _RULES:
        return 1
    return 0 if field.name in _COMMON else 2


def _is_carried(field: AnyField) -> bool:
    return field.editable and not field.primary_key and not isinstance(field, models.FileField)


def with_named(
    definitions: models.QuerySet[JobDefinition], fields: Fields
) -> models.QuerySet[JobDefinition]:
    """With the related rows that the file names, in one query."""
    named = [name for name, field in fields.items() if has_natural_key(field)]
    return definitions.select_related(*named) if named else definitions.select_related(None)


_options: dict[str, Any] = {"ensure_ascii": False, "allow_nan": False, "default": str}
_encode = json.JSONEncoder(**_options).encode
_encode_in_lines = json.JSONEncoder(**_options, indent=2).encode


def json_of(value: Any, *, in_lines: bool = False) -> str:
    """A value as valid JSON, whatever raw SQL has put into the database."""
    try:
        text = _encode_in_lines(value) if in_lines else _encode(value)
    except ValueError:  # NaN and the infinities aren't JSON
        return json.dumps(str(value))
    return (
        text if is_encodable(text) else json.dumps(json.loads(text), indent=2 if in_lines else None)
    )


def value_of(field: AnyField, definition: JobDefinition) -> Any:
    """The value of a field, for JSON. A reference is a natural key, where there is one."""
    if (
        field.is_relation
        and has_natural_key(field)
        and (key := _natural_key(field, definition)) is not None
    ):
        return key
    return json_value(field, definition)


def has_natural_key(field: AnyField) -> bool:
    """Whether a field refers to a model with natural keys, which are the same in every database."""
    model: Any = field.related_model
    return hasattr(model, "natural_key") and hasattr(model._default_manager, "get_by_natural_key")


def _natural_key(field: AnyField, definition: JobDefinition) -> list[Any] | None:
    try:
        related = getattr(definition, field.name)
    except ObjectDoesNotExist:  # a reference to nothing
        return None
    return None if related is None else list(related.natural_key())
