"""The tables of other packages, which need not be installed.

The models are in a registry of their own: no migration, admin or check of the project sees them.
"""

from __future__ import annotations

from typing import Any

from django.apps.registry import Apps
from django.db import connection, models

_APPS = Apps()


class SourceMissingError(Exception):
    """The tables of the other package aren't there, or are of another version."""


def _model(table: str, **fields: models.Field[Any, Any]) -> type[models.Model]:
    """A model of some columns of a table."""
    options = {"app_label": "imports", "apps": _APPS, "managed": False, "db_table": table}
    meta = type("Meta", (), options)
    name = "".join(part.title() for part in table.split("_"))
    return type(name, (models.Model,), {"__module__": __name__, "Meta": meta, **fields})


def _text() -> Any:
    return models.TextField(null=True)


def _whole() -> Any:
    return models.BigIntegerField(null=True)


def _moment() -> Any:
    return models.DateTimeField(null=True)


BEAT_TASKS = _model(
    "django_celery_beat_periodictask",
    **{each: _text() for each in ("name", "task", "args", "kwargs", "queue", "exchange")},
    **{each: _text() for each in ("routing_key", "headers", "description")},
    **{each: _whole() for each in ("interval_id", "crontab_id", "solar_id", "clocked_id")},
    **{each: _whole() for each in ("priority", "expire_seconds", "total_run_count")},
    **{each: _moment() for each in ("expires", "start_time", "last_run_at", "date_changed")},
    one_off=models.BooleanField(),
    enabled=models.BooleanField(),
)
BEAT_INTERVALS = _model("django_celery_beat_intervalschedule", every=_whole(), period=_text())
BEAT_CLOCKED = _model("django_celery_beat_clockedschedule", clocked_time=_moment())
BEAT_CRONTABS = _model(
    "django_celery_beat_crontabschedule",
    **{each: _text() for each in ("minute", "hour", "day_of_month", "month_of_year")},
    **{each: _text() for each in ("day_of_week", "timezone")},
)
Q_SCHEDULES = _model(
    "django_q_schedule",
    **{each: _text() for each in ("name", "func", "hook", "args", "kwargs", "schedule_type")},
    **{each: _text() for each in ("cron", "cluster", "intended_date_kwarg")},
    minutes=_whole(),
    repeats=_whole(),
    next_run=_moment(),
)


def rows(model: Any, package: str) -> list[Any]:
    """All rows of a table, by primary key. Raises SourceMissingError if it isn't as expected."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if table not in connection.introspection.table_names(cursor):
            raise SourceMissingError(
                f"This database has no table {table}: {package} isn't used here."
            )
        columns = connection.introspection.get_table_description(cursor, table)
    lacking = {field.column for field in model._meta.concrete_fields}
    lacking -= {each.name for each in columns}
    if lacking:
        raise SourceMissingError(
            f"The table {table} has no column {', '.join(sorted(lacking))}: it is of another"
            f" version of {package}. Upgrade that first."
        )
    found: list[Any] = list(model._base_manager.using("default").order_by("pk"))
    return found
