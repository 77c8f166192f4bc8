"""The layout of a definition's form, whatever its kind."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from countjobs.admin.definitions.columns import Facts
from countjobs.admin.definitions.form import CRONTAB
from countjobs.models import Execution, JobDefinition
from countjobs.models.kinds import own_fields
from countjobs.models.schedule_fields import ScheduleType

FIRE_TIMES = "fire_times"
"""The name of the preview among the fields."""

TOLD = ("next_run", "paused", "problem", "last_run", "history")
"""The columns that a definition's page shows above the form."""

RUNS = ("success", "figures", "durations", "recent_runs")
"""The columns that a definition's page shows below the form: about its runs."""

Rows = list[str | tuple[str, ...]]

_WHAT: Rows = [("name", "group"), "description", "enabled"]
_CRON: Rows = [
    CRONTAB,
    ("year", "month", "day", "week"),
    ("day_of_week", "hour", "minute", "second"),
]
_INTERVAL: Rows = ["every"]
_ONCE: Rows = ["run_at"]
_SCHEDULE: Rows = ["schedule_type", *_CRON, *_INTERVAL, *_ONCE, FIRE_TIMES]
"""One of the three groups between counts. The style sheet shows just that."""
_EMPTY = _("Empty means any; an empty second means 0.")
_NEEDED = _("Fill in at least one of the fields. Empty means any; an empty second means 0.")
_PERIOD: Rows = [("start_date", "end_date")]
_BOUNDS: Rows = [("timezone", "jitter"), *_PERIOD]
_OF_OTHER_TYPES: dict[str, Rows] = {
    ScheduleType.CRON: [*_INTERVAL, *_ONCE],
    ScheduleType.INTERVAL: [*_CRON, *_ONCE],
    ScheduleType.ONCE: [*_CRON, *_INTERVAL, *_PERIOD],
}
_OVERLAPS: Rows = [("misfire_grace_time", "max_instances", "overlap", "executor"), "coalesce"]
_WRONG: Rows = [
    ("time_limit", "pause_after", "most_silence"),
    ("retries", "retry_delay", "retry_backoff"),
    "rerun_if_lost",
]
_KEPT: Rows = ["keep_days"]


def fieldsets_of(
    model: type[JobDefinition],
    leave_out: Collection[str],
    definition: JobDefinition | None,
    given: Mapping[str, str],
) -> list[Any]:
    """The fieldsets of a kind's form, without the fields in `leave_out`.

    The kind's own fields come second. If people type the primary key, it is one of them, but only
    in the form of a new definition: it can't be changed later. What few people need is folded,
    unless the definition, or what is given in the request, differs from the defaults.
    """
    is_new = definition is None
    own: Rows = [*(typed_key(model) if is_new else ()), *own_fields(model)]
    wrong_folds, kept_folds = (
        not _differs(definition or model(), rows, given) for rows in (_WRONG, _KEPT)
    )
    layout: list[tuple[Any, Rows, Any, bool]] = [
        (None, _WHAT, "", False),
        (capfirst(model._meta.verbose_name), own, "", False),
        (_("When it runs"), _SCHEDULE, _NEEDED if is_new else _EMPTY, False),
        (_("Time zone and period"), _BOUNDS, "", False),
        (_("Late and overlapping runs"), _OVERLAPS, "", False),
        (_("If something goes wrong"), _WRONG, "", wrong_folds),
        (_("How long runs are kept"), _KEPT, "", kept_folds),
    ]
    return [
        (title, {"fields": rows, "description": text, "classes": _classes(folds=folds)})
        for title, fields, text, folds in layout
        if (rows := list(_without(fields, leave_out)))
    ]


def unused_fields(definition: JobDefinition) -> set[str]:
    """The fields that only schedules of other types have."""
    return set(_names(_OF_OTHER_TYPES.get(definition.schedule_type, [])))


def _classes(*, folds: bool) -> list[str]:
    return ["countjobs-compact", "collapse"] if folds else ["countjobs-compact"]


def _differs(definition: JobDefinition, rows: Rows, given: Mapping[str, str]) -> bool:
    """Whether the definition, or what is given, has a value of these that isn't the default.

    What is wrong with a value is then in sight, too: Django opens a group only for errors of fields
    that have a row of their own.
    """
    for name in _names(rows):
        field: Any = definition._meta.get_field(name)
        default = field.get_default()
        if getattr(definition, name) != default or (
            name in given and _read(field, given[name]) != default
        ):
            return True
    return False


def _read(field: Any, text: str) -> Any:
    try:
        return field.to_python(text or None)
    except ValidationError as error:
        return error


def _names(rows: Rows) -> Iterator[str]:
    for row in rows:
        yield from (row,) if isinstance(row, str) else row


def with_facts(inputs: list[Any], facts: Facts) -> list[Any]:
    """The same for a saved definition: with columns above the inputs, and its runs below."""
    only_if = {"problem": facts.error, "paused": facts.pause or facts.paused_itself}
    told = tuple(name for name in TOLD if only_if.get(name, True))
    may_view_runs = facts.last is not None and facts.links.may_view(Execution)
    runs = [(_("Runs"), {"fields": RUNS})] if may_view_runs else []
    return [(None, {"fields": told}), *inputs, *runs]


def typed_key(model: type[models.Model]) -> Iterator[str]:
    """The name of the primary key, if a person has to type it."""
    key = model._meta.pk
    if not (isinstance(key, models.AutoField) or key.has_default()) and key.editable:
        yield key.name


def _without(rows: Rows, leave_out: Collection[str]) -> Iterator[str | tuple[str, ...]]:
    for row in rows:
        names = (row,) if isinstance(row, str) else row
        if kept := tuple(name for name in names if name not in leave_out):
            yield kept if len(kept) > 1 else kept[0]
