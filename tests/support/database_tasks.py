"""Tasks that django-tasks-db keeps in the database, each enqueued by a run of a FunctionJob.

It is for a process of its own, whose settings name the package: its table is in no other test's
database, and these functions are registered in no other test.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command
from django.utils import timezone

from countjobs import job
from countjobs.executors import ThreadPoolExecutor
from countjobs.executors.output import capturing
from countjobs.history.run_outcome import Outcome
from countjobs.jobstores.claims import claim
from countjobs.models import FunctionJob
from tests.support.executing import Claims, Scheduler, submit
from tests.support.factories import make_due
from tests.support.waiting import wait_until


def task(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """`@task`, of the flavour that django-tasks-db works with here."""
    package = "django.tasks" if django.VERSION >= (6,) else "django_tasks"
    made: Any = import_module(package).task(**options)
    return made  # type: ignore[no-any-return]  # it is whatever that package has


@job(name="send")
@task(queue_name="reports", priority=5)
def send(to: list[str], days: int = 7) -> None:
    """Leave word that it ran."""
    with Path(to[0]).open("a") as file:
        file.write(f"sent {days}\n")


@job(name="send_async")
@task()
async def send_async(to: list[str]) -> None:
    """The same."""
    with Path(to[0]).open("a") as file:
        file.write("sent later\n")


def main(words: str, answer: str) -> None:
    """Enqueue each task by a run, have the package's own worker do them, and tell of it."""
    call_command("migrate", verbosity=0)
    FunctionJob.of(send, name="send", arguments={"to": [words], "days": 3}).save()
    FunctionJob.of(send_async, name="send_async", arguments={"to": [words]}).save()
    outcomes = _run_all()
    before = _rows()
    call_command("db_worker", queue_name="*", batch=True, startup_delay=False, interval=0)
    told = [(each.status, each.output, each.error) for each in outcomes]
    text = json.dumps({"outcomes": told, "before": before, "after": _rows()}, default=str)
    Path(answer).write_text(text)


def _run_all() -> list[Outcome]:
    """The outcomes of a run of each definition, claimed and carried out."""
    now = timezone.now()
    for definition in FunctionJob.objects.all():
        make_due(definition.job_id, now - timedelta(seconds=1))
    claims = claim(now, limit=10, node="here:1:1", busy={})
    outcomes: list[Outcome] = []
    marks = Claims()
    executor = ThreadPoolExecutor(1, marks.begin, marks.put_off, outcomes.append, 10_000)
    executor.start(Scheduler(), "default")
    with capturing():
        for each in claims.jobs:
            submit(executor, each)
        wait_until(lambda: len(outcomes) == len(claims.jobs))
    executor.shutdown()
    return sorted(outcomes, key=lambda outcome: outcome.output)


def _rows() -> list[dict[str, Any]]:
    """What the package has stored."""
    from django_tasks_db.models import DBTaskResult  # noqa: PLC0415  # only where it is installed

    names = ("id", "task_path", "args_kwargs", "queue_name", "priority", "backend_name", "status")
    return [*DBTaskResult.objects.order_by("task_path").values(*names)]
