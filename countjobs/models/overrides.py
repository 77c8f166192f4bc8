"""What a run by hand may set for itself alone, as each kind of definition says."""

from __future__ import annotations

from collections.abc import Iterable

from countjobs.models.definitions import JobDefinition, fields_of_kind


def own_fields(model: type[JobDefinition]) -> list[str]:
    """The names of the fields to edit that a kind adds to those that all definitions have."""
    return [
        field.name for field in fields_of_kind(model) if field.editable and not field.primary_key
    ]


def may_override(model: type[JobDefinition], name: str) -> bool:
    """Whether a run of this kind may have a value of its own for this field."""
    return model.run_overrides is None or name in model.run_overrides


def not_overridable(model: type[JobDefinition], names: Iterable[str]) -> list[str]:
    """Those of the names that a run may not set. A relation may be called by its column, too."""
    if model.run_overrides is None:
        return []
    columns = {field.attname: field.name for field in model._meta.concrete_fields}
    return [name for name in names if not may_override(model, columns.get(name, name))]
