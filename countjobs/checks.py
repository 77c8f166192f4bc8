"""System checks: what would go wrong later, said at the start, with what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004
from django.db import connections

from countjobs.conf import Conf


@register("countjobs")
def check_settings(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """COUNTJOBS says what it may say."""
    return [
        Error(problem, hint="See the settings in the README.", id="countjobs.E001")
        for problem in Conf.problems(getattr(settings, "COUNTJOBS", {}))
    ]


@register("countjobs")
def check_apps(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The app whose table is the job store is installed, and times are aware of their zone."""
    found: list[CheckMessage] = []
    if not apps.is_installed("django_apscheduler"):
        found.append(
            Error(
                "countjobs keeps its jobs in the table of django_apscheduler.",
                hint="Add “django_apscheduler” to INSTALLED_APPS.",
                id="countjobs.E002",
            )
        )
    if not settings.USE_TZ:
        found.append(
            Error("countjobs needs USE_TZ = True.", hint="Set USE_TZ = True.", id="countjobs.E003")
        )
    return found


@register(Tags.database)
def check_databases(databases: Iterable[str] | None, **kwargs: Any) -> list[CheckMessage]:
    """The database is one that the app supports, set up so that its writers wait for each other."""
    found: list[CheckMessage] = []
    if "default" not in (databases or ()):
        return found
    connection = connections["default"]
    if connection.vendor not in {"postgresql", "sqlite"}:
        found.append(
            Error(
                f"countjobs runs on PostgreSQL and SQLite, not on {connection.vendor}.",
                hint="Point DATABASES['default'] at one of them.",
                id="countjobs.E004",
            )
        )
    options = connection.settings_dict.get("OPTIONS", {})
    if connection.vendor == "sqlite" and options.get("transaction_mode") != "IMMEDIATE":
        found.append(
            Warning(
                "SQLite's transactions are not IMMEDIATE: “database is locked” will be seen.",
                hint="Set OPTIONS['transaction_mode'] = 'IMMEDIATE', and journal_mode = WAL.",
                id="countjobs.W001",
            )
        )
    return found
