"""What code declares, in one release and in the next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from countjobs import declare
from countjobs.jobstores.declaring import sync_declared
from countjobs.models import Declaration, FunctionJob
from tests.support.factories import NOON
from tests.support.registering import NAME, empty_registry, mail, register

TOKYO = timezone(timedelta(hours=9))

EVERYTHING: dict[str, Any] = {
    "schedule": {
        "day_of_week": "0",
        "timezone": "Asia/Tokyo",
        "jitter": 5,
        "start_date": datetime(2026, 1, 1, 9, tzinfo=TOKYO),
        "end_date": datetime(2030, 1, 1, tzinfo=UTC),
    },
    "arguments": {"to": "ü", "days": 7},
    "description": "mails",
    "enabled": True,
    "executor": "threads",
    "misfire_grace_time": 60,
    "coalesce": False,
    "max_instances": 2,
    "overlap": "wait",
    "time_limit": None,
    "retries": 2,
    "retry_delay": 5,
    "retry_backoff": 1.5,
    "rerun_if_lost": True,
    "pause_after": 3,
    "most_silence": 86_400,
    "keep_days": 400,
}
"""Each field that can be declared, with a value that is not the default."""


def release(**options: Any) -> list[str]:
    """Code that declares the function's schedule with these options is here, and is synced."""
    empty_registry()
    register(mail, **{"schedule": {"hour": "3"}, **options})
    return sync_declared(NOON)


def release_with(*declarations: dict[str, Any]) -> list[str]:
    """The same with declarations of their own."""
    empty_registry()
    register(mail)
    for each in declarations:
        declare(mail, **{"schedule": {"hour": "3"}, **each})
    return sync_declared(NOON)


def release_without() -> list[str]:
    """Code that declares nothing."""
    empty_registry()
    register(mail)
    return sync_declared(NOON)


def declared(name: str = NAME) -> FunctionJob:
    """The definition that was made."""
    return Declaration.objects.select_related("definition").get(name=name).definition


def change(**fields: Any) -> None:
    """A person changes fields of the only definition."""
    definition = FunctionJob.objects.get()
    for name, value in fields.items():
        setattr(definition, name, value)
    definition.save()
