"""Issue 8, line 12: a scheduler's process ends when it was told to, and only then."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from countjobs.models import CountJob, Execution, SchedulerNode
from countjobs.schedulers import create_scheduler
from tests.app import jobs
from tests.support.child_processes import reap, spawn
from tests.support.paths import ROOT
from tests.support.running_schedulers import database_url, end, ended, is_alive, read, scheduler
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(
    ("kind", "status"), [("thread", 1), ("pool", 1), ("process", 1), ("idle pool", 0)]
)
def test_what_a_job_leaves_behind_keeps_no_scheduler_past_its_drain(
    kind: str, status: int, log: Path
) -> None:
    create_scheduler().add_job(jobs.leave_behind, args=[kind], name="leaves")
    with scheduler(log, "--drain-timeout", "1") as process:
        left = Execution.objects.filter(job_name="leaves", status="succeeded")
        wait_until(left.exists, what=lambda: f"for the run:\n{read(log)}")
        process.send_signal(signal.SIGTERM)
        assert ended(process, 40) == status, read(log)
    assert ("did not end in time" in read(log)) is bool(status)
    assert SchedulerNode.objects.get().state == "stopped"


def start_ignoring(signals: str, log: Path) -> subprocess.Popen[bytes]:
    """A scheduler as `nohup` starts it, and as a shell does in the background."""
    command = [sys.executable, "manage.py", "runscheduler"]
    return spawn(
        ["sh", "-c", f'trap "" {signals}; exec "$@"', "sh", *command],
        directory=ROOT,
        environment={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_URL": database_url(),
            "PYTHONUNBUFFERED": "1",
        },
        log=log,
    )


def test_a_signal_that_was_ignored_at_the_start_stays_ignored(log: Path) -> None:
    process = start_ignoring("HUP INT", log)
    try:
        wait_until(lambda: is_alive(process), what=lambda: f"for a scheduler:\n{read(log)}")
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGHUP, signal.SIGINT):
            process.send_signal(number)
        job = CountJob.objects.create(name="witness", second="*")
        runs = Execution.objects.filter(job_id=job.job_id, status="succeeded")
        wait_until(lambda: runs.count() > 1, what=lambda: f"for runs:\n{read(log)}")
        assert is_alive(process)
        assert end(process) == 0
    finally:
        reap(process)
