"""What is measured: each contender runs alone, in a process of its own, and prints one JSON line.

Usage: python -m benchmarks.contenders NAME DEFINITIONS SECONDS THREADS
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable
from typing import Any

MESSAGES = {"one": "one count.", "two": "two count.", "three": "three count."}
COUNT = 3
WARM_UP_SECONDS = 2.0


def countjobs(definitions: int, threads: int) -> tuple[Callable[[], None], Callable[[], int]]:
    """This app: starts its scheduler, and counts the runs that are recorded as succeeded."""
    from countjobs.management.commands.runscheduler import SWITCH_SECONDS
    from countjobs.models import CountJob, Execution
    from countjobs.schedulers import create_scheduler

    CountJob.objects.bulk_create(
        CountJob(name=f"job {number}", second="*", messages=MESSAGES, count=COUNT)
        for number in range(definitions)
    )
    sys.setswitchinterval(SWITCH_SECONDS)
    scheduler = create_scheduler(background=True, threads=threads)
    return scheduler.start, Execution.objects.filter(status="succeeded").count


def plain(definitions: int, threads: int) -> tuple[Callable[[], None], Callable[[], int]]:
    """django-apscheduler as its README sets it up, but that nothing is ever too late to run."""
    from apscheduler.executors.pool import ThreadPoolExecutor
    from apscheduler.schedulers.background import BackgroundScheduler
    from django_apscheduler.jobstores import DjangoJobStore
    from django_apscheduler.models import DjangoJobExecution

    from countjobs.models.countjob import count_job

    scheduler = BackgroundScheduler(
        timezone="UTC",
        executors={"default": ThreadPoolExecutor(threads)},
        job_defaults={"misfire_grace_time": None},
    )
    scheduler.add_jobstore(DjangoJobStore(), "default")
    for number in range(definitions):
        scheduler.add_job(count_job, "cron", second="*", args=[MESSAGES, COUNT], id=f"job {number}")
    return scheduler.start, DjangoJobExecution.objects.filter(status="Executed").count


CONTENDERS = {"countjobs": countjobs, "plain": plain}


def measure(name: str, definitions: int, seconds: float, threads: int) -> dict[str, Any]:
    """Runs a second that were recorded, after a warm-up."""
    start, count = CONTENDERS[name](definitions, threads)
    start()
    time.sleep(WARM_UP_SECONDS)
    before, began = count(), time.perf_counter()
    time.sleep(seconds)
    recorded, took = count() - before, time.perf_counter() - began
    return {"name": name, "per_second": recorded / took}


def main() -> None:
    """Measure one contender; what its jobs print and log goes nowhere, but is formatted."""
    import django
    from django.core.management import call_command

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    django.setup()
    name, definitions, seconds, threads = sys.argv[1:]
    terminal, sys.stdout = sys.stdout, open(os.devnull, "w")  # noqa: SIM115, PTH123  # until the end
    logging.basicConfig(stream=sys.stdout, level=logging.INFO)
    call_command("migrate", verbosity=0)
    result = measure(name, int(definitions), float(seconds), int(threads))
    print(json.dumps(result), file=terminal, flush=True)
    os._exit(0)  # what still runs is of no interest


if __name__ == "__main__":
    main()
