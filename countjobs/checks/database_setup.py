"""What the database settings must allow for schedulers to work.

The system checks report this, and a scheduler that can't work is refused in the same words. Nothing
here queries the database.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo

from django.core.checks import CheckMessage, Error, Warning  # noqa: A004
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections, models, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django_apscheduler.models import DjangoJob

from countjobs.models import Execution, ParkedJob, SchedulerNode
from countjobs.models.kinds import senders

OWN_CONNECTIONS = (
    *("the process's main thread", "the loop", "the thread that begins runs", "the recorder"),
    *("the listener", "the thread that writes how far long runs are", "mending, after a start"),
    *("upkeep, now and then", "the watch over runs, once a run takes long"),
)
"""What holds a connection in a scheduler, besides the threads for runs."""

_POOL_SIZE = 4
"""The default `min_size` and `max_size` of a psycopg_pool."""
_YEARS = 10


def connections_needed(threads: int) -> int:
    """How many connections a scheduler with so many threads may hold at the same time."""
    return threads + len(OWN_CONNECTIONS)


def refuse_what_can_not_work(threads: int) -> None:
    """Raise ImproperlyConfigured where a scheduler with so many threads would not work."""
    errors = [*set_up_errors(connections[DEFAULT_DB_ALIAS], threads), *routing_errors()]
    if errors:
        raise ImproperlyConfigured(" ".join(f"{error.msg} {error.hint}" for error in errors))


def set_up_errors(connection: BaseDatabaseWrapper, threads: int) -> Iterator[CheckMessage]:
    """What keeps schedulers from working on this database."""
    needed, most = connections_needed(threads), _pool_size(connection)
    if most is not None and most < needed:
        yield Error(
            f"The connection pool has room for {most} connections; a scheduler with {threads}"
            f" threads needs {needed}.",
            hint=f"Set OPTIONS['pool'] = {{'max_size': {needed}}}, use fewer THREADS, or no pool.",
            id="countjobs.E010",
        )
    if connection.vendor == "sqlite" and not _keeps_one_offset(connection.timezone):
        name = connection.settings_dict["TIME_ZONE"]
        yield Error(
            f"DATABASES['default']['TIME_ZONE'] is {name}: SQLite would store times in a zone whose"
            " clocks change, where one hour a year is ambiguous.",
            hint="Remove TIME_ZONE from DATABASES['default'], or set it to UTC.",
            id="countjobs.E011",
        )


def _pool_size(connection: BaseDatabaseWrapper) -> int | None:
    """How many connections Django's pool may hold; None where there is no pool."""
    pool = connection.settings_dict.get("OPTIONS", {}).get("pool")
    if connection.vendor != "postgresql" or not pool:
        return None
    given: dict[str, int] = pool if isinstance(pool, dict) else {}
    return given.get("max_size") or given.get("min_size", _POOL_SIZE)


def _keeps_one_offset(zone: tzinfo | None) -> bool:
    """Whether a zone's clocks never change, this year and in the next years."""
    year = datetime.now(UTC).year
    moments = [
        datetime(each, month, 1, tzinfo=UTC)
        for each in range(year, year + _YEARS)
        for month in range(1, 13)
    ]
    return zone is None or len({moment.astimezone(zone).utcoffset() for moment in moments}) == 1


def routing_errors() -> Iterator[CheckMessage]:
    """Models that a router writes to another database."""
    aliases = {model: router.db_for_write(model) for model in _models()}
    if elsewhere := _not_on_default(aliases):
        yield Error(
            f"A database router writes to databases other than 'default': {elsewhere}.",
            hint="Make its db_for_write return 'default', or None, for these models.",
            id="countjobs.E012",
        )


def routing_warnings() -> Iterator[CheckMessage]:
    """Models that a router reads from another database."""
    aliases = {model: router.db_for_read(model) for model in _models()}
    if elsewhere := _not_on_default(aliases):
        yield Warning(
            f"A database router reads from databases other than 'default': {elsewhere}. countjobs"
            " still reads these models from 'default', but other code would see outdated rows.",
            hint="Make its db_for_read return 'default', or None, for these models.",
            id="countjobs.W010",
        )


def _models() -> list[type[models.Model]]:
    return [*senders(), Execution, ParkedJob, SchedulerNode, DjangoJob]


def _not_on_default(aliases: dict[type[models.Model], str]) -> str:
    return ", ".join(
        f"{model._meta.label} ({alias!r})"
        for model, alias in aliases.items()
        if alias != DEFAULT_DB_ALIAS
    )
