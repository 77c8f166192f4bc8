"""Issue 8, line 5: whatever a job does with its streams, its run ends, and others are heard."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from apscheduler.triggers.date import DateTrigger
from django.utils import timezone

from countjobs.history.requests import request_run
from countjobs.models import CountJob, Execution
from tests.app import writers
from tests.support.child_processes import reap
from tests.support.factories import code_job, store_job
from tests.support.paths import ROOT
from tests.support.running_schedulers import database_url, end, is_alive, read, scheduler
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]


def store(job_id: str, func: object) -> None:
    now = timezone.now()
    store_job(code_job(job_id, DateTrigger(now), func), due=now)


def finished(job_id: str) -> Execution | None:
    return Execution.objects.filter(job_id=job_id, finished_at__isnull=False).first()


def wait_for(job_id: str, log: Path | None = None) -> Execution:
    wait_until(lambda: finished(job_id), 60, what=lambda: read(log) if log else job_id)
    return Execution.objects.get(job_id=job_id)


def test_every_way_to_write_ends_as_an_outcome_and_breaks_nobody(tmp_path: Path) -> None:
    pytest.importorskip("click")
    log = tmp_path / "scheduler.log"
    for func in (writers.write_bytes, writers.echo, writers.misuse):
        store(func.__name__, func)
    with scheduler(log) as process:
        refused, echoed, misused = (
            wait_for(job_id, log) for job_id in ("write_bytes", "echo", "misuse")
        )
        witness = CountJob.objects.create(name="witness", count=2, messages={})
        request_run(witness.job_id, witness.name)
        after = wait_for(witness.job_id, log)
        assert end(process) == 0
    assert refused.status == "failed"
    assert refused.error == "TypeError: write() argument must be str, not bytes"
    assert (echoed.status, misused.status, after.status) == ("succeeded",) * 3
    assert echoed.output == "text from click\nbytes from click\né from the buffer\n"
    assert misused.output == "é misused\n"
    assert after.output.startswith("0\n1\n")
    lines = read(log).splitlines()
    for line in (*echoed.output.splitlines(), "é misused", "0", "1"):
        assert line in lines
    assert read(log).count("Traceback (most recent call last):") == 1
    assert read(log).count("TypeError: write() argument must be str") == 1


def test_with_a_terminal_that_is_gone_runs_end_and_are_recorded() -> None:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database_url(),
    }
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "runscheduler"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=writing,
    )
    os.close(writing)
    os.close(reading)  # from now on each write is a broken pipe
    try:
        wait_until(lambda: is_alive(process), 60)
        store("misuse", writers.misuse)
        store("write_bytes", writers.write_bytes)
        assert wait_for("misuse").output == "é misused\n"
        assert wait_for("write_bytes").status == "failed"
        assert end(process) == 0
    finally:
        reap(process)
