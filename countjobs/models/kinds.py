"""All about kinds of definition: which there are, what each adds, and their ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models

from countjobs.conf import DEFAULT_EXECUTOR
from countjobs.database.primary import rows_of
from countjobs.models.definitions import JobDefinition
from countjobs.models.writes import JobDefinitionQuerySet


def definition_key(job_id: str) -> tuple[type[JobDefinition], Any] | None:
    """The model and the primary key that a job id names, if it can name any."""
    label, _, pk = job_id.partition(":")
    try:
        model = apps.get_model(label)
        if not issubclass(model, JobDefinition):
            return None
        return model, model._meta.pk.clean(pk, None)
    except (LookupError, ValueError, ValidationError):
        return None


def keys_by_kind(job_ids: Iterable[str]) -> dict[type[JobDefinition], list[Any]]:
    """The primary keys that job ids name, by kind. Jobs from code are left out."""
    keys: defaultdict[type[JobDefinition], list[Any]] = defaultdict(list)
    for job_id in dict.fromkeys(job_ids):
        if (key := definition_key(job_id)) is not None:
            keys[key[0]].append(key[1])
    return dict(keys)


def unknown_kind(job_id: str) -> str:
    """The label of a model that isn't installed here, if a job id seems to name one."""
    label, colon, _ = job_id.partition(":")
    if not colon or label.count(".") != 1:
        return ""
    try:
        apps.get_model(label)
    except (LookupError, ValueError):
        return label
    return ""


def senders() -> list[type[JobDefinition]]:
    """Every model of definitions. Django's signals name the class used: proxies, too."""
    return [model for model in apps.get_models() if issubclass(model, JobDefinition)]


def fields_of_kind(model: type[models.Model]) -> Iterator[Any]:
    """The fields that a kind adds to those of all definitions, its key included."""
    common = {field.name for field in JobDefinition._meta.get_fields()}
    for field in (*model._meta.concrete_fields, *model._meta.many_to_many):
        if field.name not in common:
            yield field


def concrete_definitions() -> list[type[JobDefinition]]:
    """Every kind of definition in the project. Each has a table of its own."""
    return [model for model in senders() if not model._meta.proxy]


def has_callees(model: type[JobDefinition]) -> bool:
    """Whether definitions of this kind call something that a scheduler may lack."""
    return model.callee != ""  # where it isn't the base class's constant, it is a property


def groups_of(kinds: Iterable[type[JobDefinition]]) -> list[str]:
    """The groups that definitions of these kinds are in, sorted. Indexes answer this."""
    found = {group for kind in kinds for group in JobDefinitionQuerySet(kind).groups()}
    return sorted(found - {""})


def own_fields(model: type[JobDefinition]) -> list[str]:
    """The names of the editable fields that a kind adds to those of all definitions."""
    return [
        field.name for field in fields_of_kind(model) if field.editable and not field.primary_key
    ]


def may_override(model: type[JobDefinition], name: str) -> bool:
    """Whether a run of this kind may override this field."""
    return model.run_overrides is None or name in model.run_overrides


def not_overridable(model: type[JobDefinition], names: Iterable[str]) -> list[str]:
    """Those names that a run may not override. A relation may be named by its column."""
    if model.run_overrides is None:
        return []
    columns = {field.attname: field.name for field in model._meta.concrete_fields}
    return [name for name in names if not may_override(model, columns.get(name, name))]


def executors_used() -> set[str]:
    """The executors, other than the default one, that definitions use. One query."""
    first, *rest = (
        rows_of(model)
        .exclude(executor=DEFAULT_EXECUTOR)
        .order_by()
        .values_list("executor", flat=True)
        .distinct()
        for model in concrete_definitions()
    )
    return set(first.union(*rest).order_by())
