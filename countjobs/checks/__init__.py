"""System checks: they say at the start what would go wrong later, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004

from countjobs.checks import (  # noqa: F401  # they register their checks
    command_checks,
    databases,
    function_checks,
)
from countjobs.conf import Conf
from countjobs.executors.calling import is_generator_function
from countjobs.models import JobDefinition, JobDefinitionQuerySet
from countjobs.models.kinds import concrete_definitions, fields_of_kind, own_fields
from countjobs.models.schedule_fields import SCHEDULE


@register("countjobs")
def check_settings(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Check that COUNTJOBS has only known keys and valid values."""
    return [
        Error(problem, hint="See docs/settings.md.", id="countjobs.E001")
        for problem in Conf.problems(getattr(settings, "COUNTJOBS", {}))
    ]


@register("countjobs")
def check_time(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Check that times are aware of their zone."""
    if settings.USE_TZ:
        return []
    return [Error("countjobs needs USE_TZ = True.", hint="Set USE_TZ = True.", id="countjobs.E002")]


@register("countjobs")
def check_definitions(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Check that every kind can run, only once, and tells the job store of each change."""
    return [message for model in concrete_definitions() for message in _of_definition(model)]


def _of_definition(model: type[JobDefinition]) -> Iterator[CheckMessage]:
    if model.run is JobDefinition.run:
        yield Error(
            "This kind of definition doesn't say what to do.",
            hint="Define its method run(self).",
            obj=model,
            id="countjobs.E005",
        )
    if is_generator_function(model.run):
        yield Error(
            "The run() of this kind of definition is a generator: calling it runs nothing.",
            hint="Remove the “yield” from run(). “async def” is allowed.",
            obj=model,
            id="countjobs.E009",
        )
    if hiding := sorted(_hiding(model)):
        yield Error(
            "Fields of this kind have the names of attributes of JobDefinition: "
            f"{', '.join(hiding)}.",
            hint="Give the field another name.",
            obj=model,
            id="countjobs.E007",
        )
    if model._meta.parents:
        yield Error(
            "This kind inherits from another concrete kind: each definition would run twice.",
            hint="Subclass an abstract model, such as JobDefinition.",
            obj=model,
            id="countjobs.E006",
        )
    if not isinstance(model._default_manager.all(), JobDefinitionQuerySet):
        yield Warning(
            "Bulk writes of these definitions don't reach the job store.",
            hint="Make its manager from countjobs.models.JobDefinitionQuerySet.",
            obj=model,
            id="countjobs.W002",
        )
    if unknown := sorted({*(model.run_overrides or ())} - {*own_fields(model)}):
        yield Error(
            f"run_overrides names fields that this kind doesn't add: {', '.join(unknown)}.",
            hint="Use a tuple of fields that the kind itself adds, or an empty tuple: ().",
            obj=model,
            id="countjobs.E020",
        )
    if missing := {"run", "pause"} - set(_permitted(model)):
        yield Warning(
            f"This kind has no permission {' or '.join(f'“{each}”' for each in sorted(missing))},"
            " so nobody can be given it.",
            hint="Let its Meta inherit: class Meta(JobDefinition.Meta). Then run makemigrations.",
            obj=model,
            id="countjobs.W003",
        )


def _hiding(model: type[JobDefinition]) -> Iterator[str]:
    """Fields with the names of JobDefinition's own methods and properties; and fields that take the
    place of others which decide when it runs, but hold something else.
    """
    for field in fields_of_kind(model):
        if hasattr(JobDefinition, field.name):
            yield field.name
    for name in (*SCHEDULE, "group"):
        own: Any = model._meta.get_field(name)
        common: Any = JobDefinition._meta.get_field(name)
        if type(own) is not type(common) or own.choices != common.choices:
            yield name


def _permitted(model: type[JobDefinition]) -> Iterator[str]:
    """The actions that have permissions."""
    yield from model._meta.default_permissions
    for codename, _name in model._meta.permissions:
        yield codename.removesuffix(f"_{model._meta.model_name}")
