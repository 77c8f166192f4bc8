"""What `makemigrations` writes for kinds of definition, and for the other tables of countjobs.

A kind needs the tables of countjobs and django-apscheduler, although it has no foreign key to them.
So its migration depends on theirs.

Names, help, choices and checks are left out, for the fields of JobDefinition and for the tables of
countjobs that are no kinds. No column depends on them, and they may change with each release.

Django's hook for this is the commands' attribute `autodetector`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.commands import makemigrations, migrate
from django.db import models
from django.db.migrations.autodetector import MigrationAutodetector, OperationDependency
from django.db.migrations.operations import CreateModel
from django.db.migrations.state import ProjectState

from countjobs.models.definitions import JobDefinition
from countjobs.models.fields import CronField
from countjobs.triggers import CRON_DEFAULTS

NEEDED = (("countjobs", "execution"), ("django_apscheduler", "djangojob"))
"""Models whose tables are written to wherever a definition is."""

_OWN = "countjobs"
_WORDS = ("verbose_name", "help_text", "choices", "validators")
_MODEL_WORDS = ("verbose_name", "verbose_name_plural")


class KindsDetector(MigrationAutodetector):
    """Recognises kinds of definition by their fields: old states have no classes."""

    def __init__(self, from_state: ProjectState, to_state: ProjectState, *args: Any) -> None:
        for state in (from_state, to_state):
            _leave_words_out(state)
        super().__init__(from_state, to_state, *args)

    def add_operation(
        self, app_label: str, operation: Any, dependencies: Any = None, beginning: bool = False
    ) -> None:
        """As Django's, but the creation of a kind depends on the tables that it needs."""
        if isinstance(operation, CreateModel) and _is_kind(dict(operation.fields)):
            dependencies = [*(dependencies or ()), *_needed_by(app_label)]
        super().add_operation(app_label, operation, dependencies, beginning)


def install() -> None:
    """Make Django's commands use it, combined with a detector that another app has put there."""
    found = makemigrations.Command.autodetector
    if issubclass(found, KindsDetector):
        return
    bases = (KindsDetector,) if found is MigrationAutodetector else (KindsDetector, found)
    makemigrations.Command.autodetector = type("Autodetector", bases, {})
    migrate.Command.autodetector = makemigrations.Command.autodetector


def _needed_by(app_label: str) -> Iterator[OperationDependency]:
    for app, model in NEEDED:
        if app != app_label:
            yield OperationDependency(app, model, None, OperationDependency.Type.CREATE)


def _is_kind(fields: dict[str, Any]) -> bool:
    return all(isinstance(fields.get(name), CronField) for name in CRON_DEFAULTS)


def _leave_words_out(state: ProjectState) -> None:
    common = {field.name for field in JobDefinition._meta.get_fields()}
    for model in state.models.values():
        names: set[str] = set()
        if _is_kind(model.fields):
            names = common & model.fields.keys()
        elif model.app_label == _OWN:
            names = {*model.fields}
            for word in _MODEL_WORDS:
                model.options.pop(word, None)
        for name in names:
            model.fields[name] = _without_words(model.fields[name])


def _without_words(field: models.Field[Any, Any]) -> models.Field[Any, Any]:
    _name, _path, args, kwargs = field.deconstruct()
    for word in _WORDS:
        kwargs.pop(word, None)
    return type(field)(*args, **kwargs)
