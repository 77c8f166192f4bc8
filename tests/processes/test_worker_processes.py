"""The executor `processes` in a real scheduler: what jobs can do there is as in threads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from countjobs.history.requests import request_run
from countjobs.models import CountJob, Execution
from tests.app import jobs
from tests.app.models import Greeting
from tests.support.factories import code_job, once, store_job
from tests.support.running_schedulers import end, read, scheduler
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]


def add(job_id: str, func: Any, *args: Any) -> None:
    """A job from code that is due now, and no second time."""
    now = timezone.now()
    job = code_job(job_id, once(now), func, args=args, next_run_time=now, executor="processes")
    store_job(job, due=now)


def ended(job_id: str, log: Path) -> Execution:
    mine = Execution.objects.filter(job_id=job_id)
    wait_until(lambda: mine.filter(finished_at__isnull=False), 60, what=lambda: read(log))
    return mine.get(finished_at__isnull=False)


def test_kinds_parameters_and_jobs_from_code_work(log: Path) -> None:
    off = {"executor": "processes", "enabled": False}
    count = CountJob.objects.create(name="count", messages={"b": "ü", "a": "2"}, count=2, **off)
    greeting = Greeting.objects.create(name="greeting", greeted="you", **off)
    request_run(count.job_id, count.name)
    request_run(greeting.job_id, greeting.name, parameters={"times": 2})
    add("greet", jobs.greet, "code")
    with scheduler(log) as process:
        counted, greeted = ended(count.job_id, log), ended(greeting.job_id, log)
        from_code = ended("greet", log)
        assert end(process) == 0
    assert [each.status for each in (counted, greeted, from_code)] == ["succeeded"] * 3
    lines = counted.output.splitlines()
    assert lines[:2] == ["0", "1"]
    assert [line.partition(" INFO ")[2] for line in lines[2:]] == [
        "2 count finished.",
        "b, ü",
        "a, 2",
    ]
    assert greeted.output == "Hello, you!\nHello, you!\n"
    assert from_code.output == "Hello, code!\n"
