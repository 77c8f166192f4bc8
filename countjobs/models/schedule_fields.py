"""The schedule of a definition: its types, its trigger, and what is checked of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from countjobs.models.validity import ENDED, EPOCH, ScheduleError
from countjobs.text import shown
from countjobs.triggers import (
    CRON_DEFAULTS,
    BoundedTrigger,
    IntervalTrigger,
    OnceTrigger,
    ScheduleTrigger,
)

if TYPE_CHECKING:
    from countjobs.models.definitions import JobDefinition

SCHEDULE = (
    *("schedule_type", *CRON_DEFAULTS, "every", "run_at"),
    *("timezone", "jitter", "start_date", "end_date"),
)
"""The fields of a schedule."""

WHEN = frozenset({*SCHEDULE, "enabled"} - {"jitter"})
"""The fields that decide whether a definition has any runs."""


class ScheduleType(models.TextChoices):
    """What says when a definition is due."""

    CRON = "cron", _("cron fields")
    INTERVAL = "interval", _("interval")
    ONCE = "once", _("once")


def trigger_of(definition: JobDefinition) -> BoundedTrigger:
    """When a definition is due. Raises ValueError if its fields make no schedule."""
    delays: Any = {"jitter": definition.jitter or 0, "seed": definition.name}
    if definition.schedule_type == ScheduleType.ONCE:
        if definition.run_at is None:
            raise ValueError("The definition has no `run_at`.")
        return OnceTrigger(definition.run_at, definition.timezone, **delays)
    if definition.schedule_type == ScheduleType.INTERVAL:
        if definition.every is None:
            raise ValueError("The definition has no `every`.")
        start = definition.start_date or EPOCH  # only raw SQL leaves it out
        return IntervalTrigger(
            definition.every, definition.timezone, start=start, end=definition.end_date, **delays
        )
    if definition.schedule_type != ScheduleType.CRON:
        raise ValueError(f"There is no type of schedule {shown(definition.schedule_type)!r}.")
    return ScheduleTrigger(
        definition.cron,
        definition.timezone,
        start=definition.start_date,
        end=definition.end_date,
        **delays,
    )


def lacking(definition: JobDefinition) -> dict[str, ScheduleError]:
    """What a schedule of its type needs and isn't there: errors by field."""
    if definition.schedule_type == ScheduleType.INTERVAL and definition.every is None:
        return {"every": ScheduleError(_("Say how long the interval is."), code="missing")}
    if definition.schedule_type == ScheduleType.ONCE and definition.run_at is None:
        return {"run_at": ScheduleError(_("Say when the job runs."), code="missing")}
    return {}


def check_schedule(definition: JobDefinition, now: datetime) -> None:
    """Check the fields of a schedule against each other. Raises ValidationError."""
    if (
        definition.start_date
        and definition.end_date
        and definition.start_date > definition.end_date
    ):
        message = _("The end must not be before the start.")
        raise ValidationError({"end_date": ScheduleError(message, code="order")})
    if needed := lacking(definition):
        raise ValidationError(needed)
    if not definition.enabled or definition.next_fire_time(now) is not None:
        return
    if definition.trigger().get_next_fire_time(None, EPOCH) is None:
        message = _("This schedule never runs: no time matches all of its fields.")
        raise ValidationError({NON_FIELD_ERRORS: ScheduleError(message, code="never")})
    if definition.schedule_type == ScheduleType.ONCE:
        message = _("This moment has passed. Choose a later one, or disable the definition.")
        raise ValidationError({"run_at": ScheduleError(message, code=ENDED)})
    message = _("This schedule has no more runs. Change it, or disable the definition.")
    field = "end_date" if definition.end_date and definition.end_date <= now else NON_FIELD_ERRORS
    raise ValidationError({field: ScheduleError(message, code=ENDED)})
