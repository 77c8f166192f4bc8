"""Plain django-apscheduler as its README sets it up, but that nothing is ever too late to run."""

from __future__ import annotations

import pickle
import time
from collections import defaultdict
from datetime import UTC, datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.job import Job
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from django_apscheduler.jobstores import DjangoJobStore
from django_apscheduler.models import DjangoJob, DjangoJobExecution

from benchmarks.contenders.base import COUNT, MESSAGES, Contender, Start, batches
from benchmarks.preparing import Groups
from countjobs.models.countjob import count_job

ONCE = "once"

_due: dict[str, list[float]] = defaultdict(list)
_started: dict[str, list[float]] = defaultdict(list)


def noted_count_job(job_id: str, messages: dict[str, str], count: int) -> None:
    """The article's job; when it started is noted first: the tables don't tell."""
    _started[job_id].append(time.time())
    count_job(messages, count)


class _NotingExecutor(ThreadPoolExecutor):  # type: ignore[misc]  # APScheduler has no types
    """APScheduler's own; when a run was due is noted, which the job isn't told."""

    def _do_submit_job(self, job: Job, run_times: list[datetime]) -> None:
        _due[job.id].append(run_times[-1].timestamp())
        super()._do_submit_job(job, run_times)


class Plain(Contender):
    """Definitions are rows of DjangoJob."""

    def make(self, groups: Groups) -> None:
        """Write what `add_job` writes, but in bulk."""
        for batch in batches(groups):
            DjangoJob.objects.bulk_create(
                job_row(f"job {number}", CronTrigger(**_explicit(fields), timezone="UTC"))
                for number, fields in batch
            )

    def start(self, threads: int) -> None:
        """Start it, with as many threads as the others."""
        scheduler = BackgroundScheduler(
            timezone="UTC",
            executors={"default": _NotingExecutor(threads)},
            job_defaults={"misfire_grace_time": None},
        )
        scheduler.add_jobstore(DjangoJobStore(), "default")
        scheduler.start()

    def recorded(self) -> int:
        """From django-apscheduler's history."""
        count: int = DjangoJobExecution.objects.filter(status=DjangoJobExecution.SUCCESS).count()
        return count

    def starts(self) -> list[Start]:
        """A job's runs start in the order in which they are due, since no two overlap."""
        return [
            start
            for job_id, started in list(_started.items())
            for start in zip(list(_due[job_id]), list(started), strict=False)
        ]

    def ask(self) -> None:
        """A job that is to run once, and is due; its row goes when it starts."""
        job_row(ONCE, DateTrigger(datetime.now(UTC))).save()


def job_row(job_id: str, trigger: CronTrigger | DateTrigger) -> DjangoJob:
    """The row that DjangoJobStore writes for a job."""
    next_run_time = trigger.get_next_fire_time(None, datetime.now(UTC))
    job = Job(
        BackgroundScheduler(timezone="UTC"),
        id=job_id,
        name=job_id,
        trigger=trigger,
        executor="default",
        func=noted_count_job,
        args=(job_id, MESSAGES, COUNT),
        kwargs={},
        misfire_grace_time=None,
        coalesce=True,
        max_instances=1,
        next_run_time=next_run_time,
    )
    state = pickle.dumps(job.__getstate__(), pickle.HIGHEST_PROTOCOL)
    return DjangoJob(id=job_id, next_run_time=next_run_time, job_state=state)


def _explicit(fields: dict[str, str]) -> dict[str, str]:
    """All that the app means by cron fields: its defaults are `*`, and `0` for the second."""
    names = ("year", "month", "day", "week", "day_of_week", "hour", "minute")
    return dict.fromkeys(names, "*") | {"second": "0"} | fields
