"""From the id of a job back to its definition."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError

from countjobs.models.definitions import JobDefinition


def definition_key(job_id: str) -> tuple[type[JobDefinition], Any] | None:
    """The model and the primary key that an id names, if it names any that there can be."""
    label, _, pk = job_id.partition(":")
    try:
        model = apps.get_model(label)
        if not issubclass(model, JobDefinition):
            return None
        return model, model._meta.pk.clean(pk, None)
    except (LookupError, ValueError, ValidationError):
        return None


def unknown_kind(job_id: str) -> str:
    """The label of a model that isn't installed here, if an id looks as if it named one."""
    label, colon, _ = job_id.partition(":")
    if not colon or label.count(".") != 1:
        return ""
    try:
        apps.get_model(label)
    except (LookupError, ValueError):
        return label
    return ""
