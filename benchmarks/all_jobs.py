"""Jobs: what the page of all jobs takes the server, with very many definitions of five kinds."""

from __future__ import annotations

import argparse
import os
import random
from datetime import timedelta
from typing import Any

from benchmarks import machine
from benchmarks.own_process import call, say
from benchmarks.scratch import Database
from benchmarks.visiting.report import Line, table

QUERIES = {
    "by name": "",
    "by name, backwards": "o=-name",
    "by name, the last page": "p=LAST",
    "by next run": "o=next",
    "by next run, the latest first": "o=-next",
    "by last run": "o=last",
    "by p95 duration": "o=p95",
    "by failures": "o=failures",
    "search: a word": "q=invoices",
    "search: nothing found": "q=zzzz",
    "search: a word, by failures": "q=invoices&o=failures",
    "a group": "group=team 7",
    "a group, by next run": "group=team 7&o=next",
    "a group, by p95 duration": "group=team 7&o=p95",
    "paused": "state=paused",
    "enabled, by next run": "state=enabled&o=next",
    "ended": "state=ended",
    "broken": "state=broken",
    "a kind, by last run": "kind=countjobs.countjob&o=last",
    "intervals": "schedule=interval",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be set."""
    parser.add_argument("--definitions", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=200_000, help="of the last three days")
    parser.add_argument("--rounds", type=int, default=5, help="after one that warms up")
    parser.add_argument("--most", type=float, default=200.0, help="ms, beyond which is flagged")
    parser.add_argument("--no-sqlite", action="store_true", help="only PostgreSQL")


def run(options: argparse.Namespace, database: Database) -> None:
    """Fill a scratch database of each sort, visit the page, and print the tables."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"  # its app has the other two kinds
    databases = [database] if database.server else []
    databases += [] if options.no_sqlite else [Database()]
    print(machine.describe(databases), flush=True)
    for each in databases:
        with each.scratch() as url:
            found = call(measure, url, options.definitions, options.runs, options.rounds)
            print(f"\n{each.name}\n\n{table([Line(**line) for line in found], options.most)}")


def measure(definitions: int, runs: int, rounds: int) -> list[dict[str, Any]]:
    """In a process of its own: the lines of the table."""
    from django.core.management import call_command
    from django.test.utils import override_settings
    from django.urls import reverse

    from benchmarks.visiting.visits import ROLES, browser_of, visit
    from countjobs.admin.jobs.views import PER_PAGE

    call_command("migrate", verbosity=0)
    make(definitions)
    make_runs(runs)
    with override_settings(ALLOWED_HOSTS=["testserver"], DEBUG=False):
        page = reverse("admin:countjobs_jobs")
        browsers = {role: browser_of(role) for role in ROLES[:1]}
        lines = {(name, role): Line(f"jobs, {name}", role) for name in QUERIES for role in browsers}
        for number in range(rounds + 1):
            say(f"  round {number} of {rounds}" if number else "  warming up")
            for (name, role), line in lines.items():
                query = QUERIES[name].replace("LAST", str((definitions - 1) // PER_PAGE))
                visited = visit(browsers[role], f"{page}?{query}")
                if number:
                    line.add(visited)
    return [vars(line) for line in lines.values()]


def make(count: int) -> None:
    """Make so many definitions of five kinds, in groups, of every type of schedule."""
    from django.db import connection
    from django.utils import timezone

    from benchmarks.filling.many_definitions import BATCH, fields_of
    from countjobs.models import CommandJob, CountJob, FunctionJob
    from tests.app.models import Greeting, Note

    own: list[tuple[Any, dict[str, Any]]] = [
        (CountJob, {}),
        (FunctionJob, {"function": "project.jobs.count", "arguments": {}}),
        (CommandJob, {"command": "clearsessions"}),
        (Greeting, {"greeted": "you"}),
        (Note, {"file": "/dev/null"}),
    ]
    now = timezone.now()
    for place, (kind, values) in enumerate(own):
        numbers = range(place + 1, count + 1, len(own))
        for first in range(0, len(numbers), BATCH):
            made = []
            for number in numbers[first : first + BATCH]:
                fields = fields_of(number) | values | {"group": f"team {number % 400}"}
                if kind is not CountJob:
                    del fields["messages"]
                if number % 7 == 0:
                    fields |= {"schedule_type": "interval", "every": 300 + number % 4_000}
                if number % 101 == 0:
                    moment = now + timedelta(hours=number % 90 - 45)
                    fields |= {"schedule_type": "once", "run_at": moment}
                made.append(kind(**fields))
            kind.objects.bulk_create(made)
        say(f"  {len(numbers):,} of {kind.__name__}")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def make_runs(count: int) -> None:
    """Make so many runs of the last three days, a tenth of them failures, of uneven jobs."""
    from django.db import connection
    from django.utils import timezone
    from django_apscheduler.models import DjangoJob

    from countjobs.models import Execution

    chance = random.Random(5)  # the same each time
    jobs = list(DjangoJob.objects.order_by("id").values_list("id", flat=True))
    now = timezone.now()
    made = []
    for number in range(count):
        job_id = jobs[int(len(jobs) * chance.random() ** 3)]  # some run much more than others
        due = now - timedelta(seconds=chance.random() * 3 * 86_400)
        status = "failed" if number % 10 == 0 else "succeeded"
        finished = due + timedelta(seconds=chance.random() * 100)
        times = {"scheduled_at": due, "started_at": due, "finished_at": finished}
        run = Execution(job_id=job_id, job_name=job_id, status=status, trigger="schedule", **times)
        made.append(run)
        if len(made) == 5_000:
            Execution.objects.bulk_create(made)
            made.clear()
    Execution.objects.bulk_create(made)
    say(f"  {count:,} runs")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
