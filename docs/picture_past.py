"""What the documentation's pictures show beside real runs: some definitions, and their last day.

`fill` is called in the database of a quick start that runs (see `docs/take_pictures.py`): what is
due from then on really runs.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.utils import timezone

from countjobs.models import CountJob, Execution, SchedulerNode
from countjobs.models.executions import Status
from countjobs.triggers.upcoming import upcoming

_SPAN = timedelta(days=45)
_MOST_RUNS = 300
_PAUSED_FOR = timedelta(hours=3)
_LONGEST = timedelta(seconds=30)
_ERROR = "TimeoutError: no answer from the gateway in 30 s"

_DEFINITIONS: list[dict[str, object]] = [
    {"name": "card settlements", "minute": "*/5"},
    {"name": "exchange rates", "minute": "5", "timezone": "Europe/London"},
    {
        "name": "nightly close",
        "description": "Closes the day's books. Tell accounts if it fails twice.",
        "hour": "2",
        "minute": "30",
        "timezone": "Europe/Berlin",
        "messages": {"open": "ledger opened.", "sum": "sums agree.", "close": "day closed."},
        "count": 12,
    },
    {
        "name": "morning report",
        "hour": "9",
        "minute": "30",
        "day_of_week": "mon-fri",
        "timezone": "Asia/Tokyo",
    },
    {
        "name": "month-end statements",
        "day": "last fri",
        "hour": "18",
        "minute": "0",
        "timezone": "America/New_York",
    },
    {"name": "search index", "minute": "10,40"},
]
_PAUSED = "search index"
_FAILING = {"card settlements": (17, 1), "nightly close": (12, 0), _PAUSED: (4, 1)}
"""Of some, every how many runs one failed, and how many newer ones there are than the newest."""


def fill() -> None:
    """Make the definitions and the history. The quick start's example is there already."""
    now = timezone.now()
    chance = random.Random(4)  # noqa: S311  # the same pictures each time
    node = SchedulerNode.objects.get().name
    for fields in _DEFINITIONS:
        definition = CountJob.objects.create(**fields)
        until = now - _PAUSED_FOR if definition.name == _PAUSED else now - _LONGEST
        dues = enumerate(_due(definition, until))
        runs = [_run(definition, due, n, node, chance) for n, due in dues]
        Execution.objects.bulk_create(runs)
    _pause(CountJob.objects.get(name=_PAUSED))


def _due(definition: CountJob, until: datetime) -> list[datetime]:
    """Its last fire times, the newest first."""
    fires = upcoming(definition.trigger(), until - _SPAN, 20_000, clock=lambda: 0)
    return [due for due in fires if due < until][: -_MOST_RUNS - 1 : -1]


def _run(
    definition: CountJob, due: datetime, number: int, node: str, chance: random.Random
) -> Execution:
    began = due + timedelta(milliseconds=chance.uniform(2, 9))
    every, first = _FAILING.get(definition.name, (_MOST_RUNS, _MOST_RUNS))
    failed = number % every == first
    took = _LONGEST if failed else timedelta(seconds=chance.uniform(8, 24))
    return Execution(
        job_id=definition.job_id,
        job_name=definition.name,
        scheduled_at=due,
        started_at=began,
        finished_at=began + took,
        status=Status.FAILED if failed else Status.SUCCEEDED,
        error=_ERROR if failed else "",
        node=node,
    )


def _pause(definition: CountJob) -> None:
    """As the quick start's user would in the admin."""
    definition.enabled = False
    definition.save()
    user = get_user_model()._default_manager.get(is_superuser=True)
    message = [{"changed": {"fields": ["enabled"]}}]
    LogEntry.objects.log_actions(user.pk, [definition], CHANGE, message, single_object=True)
