"""Issue 13: a rolling upgrade. The release before and this one work side by side."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from countjobs.models import Execution, ParkedJob
from tests.app.models import Note
from tests.support.faults import faults, promised_so_far
from tests.support.own_databases import own_database
from tests.support.previous_release import export, last_commit_before
from tests.support.running_schedulers import ended, read, run_to_its_end, scheduler
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

JOBS = 10
CREATE = """
import os
from tests.app.models import Note
Note.objects.bulk_create(
    Note(name=f"note-{number}", second="*", file=os.environ["NOTES"]) for number in range(JOBS)
)
""".replace("JOBS", str(JOBS))
PAGES = """
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from countjobs.history.requests import request_run
from countjobs.models import CountJob, Execution, SchedulerNode

job = CountJob.objects.create(name="later", hour="3")
assert request_run(job.job_id, job.name).pk
client = Client(HTTP_HOST="localhost")
client.force_login(User.objects.create_superuser("admin"))
run = Execution.objects.filter(status="succeeded").first()
for name, *args in [
    ("index",),
    ("countjobs_countjob_changelist",),
    ("countjobs_countjob_add",),
    ("countjobs_countjob_change", job.pk),
    ("countjobs_execution_changelist",),
    ("countjobs_execution_change", run.pk),
    ("countjobs_schedulernode_changelist",),
]:
    response = client.get(reverse(f"admin:{name}", args=args))
    assert response.status_code == 200, (name, response.status_code)
job.description = "saved by the release before"
job.save()
"""
"""What people may do with a web server of the release before: look at pages, save, ask for runs."""


@pytest.fixture
def old(tmp_path: Path) -> str:
    """The directory of the release before."""
    commit = last_commit_before()
    if not commit:
        pytest.skip("This is no clone whose history has the release before")
    directory = tmp_path / "old"
    directory.mkdir()
    export(commit, directory)
    return str(directory)


@pytest.fixture
def _empty_database(tmp_path: Path) -> Iterator[None]:
    with own_database(tmp_path):
        yield


def runs_of(process: subprocess.Popen[bytes]) -> int:
    return Execution.objects.filter(node__contains=f":{process.pid}:", status="succeeded").count()


def goes_on(process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a scheduler has run more jobs than before."""
    before = runs_of(process)
    wait_until(lambda: runs_of(process) >= before + JOBS, what=lambda: read(log))


@pytest.mark.usefixtures("_empty_database")
def test_promise_36_an_upgrade_while_both_releases_run_loses_nothing(
    old: str, tmp_path: Path
) -> None:
    old_log, new_log, notes = tmp_path / "old.log", tmp_path / "new.log", tmp_path / "notes"
    run_to_its_end("migrate", "-v0", log=old_log, directory=old)
    run_to_its_end("shell", "-c", CREATE, log=old_log, directory=old, NOTES=str(notes))
    with scheduler(old_log, "-v0", directory=old) as before:
        goes_on(before, old_log)
        run_to_its_end("migrate", "-v0", log=new_log)
        goes_on(before, old_log)
        run_to_its_end("shell", "-c", PAGES, log=old_log, directory=old)
        with scheduler(new_log, "-v0") as after:
            goes_on(after, new_log)
            goes_on(before, old_log)
            # One that its supervisor starts again before its turn has come.
            with scheduler(old_log, "-v0", directory=old) as again:
                goes_on(again, old_log)
            before.send_signal(signal.SIGTERM)
            assert ended(before) == 0, read(old_log)
            goes_on(after, new_log)
            run_to_its_end("schedulerstatus", log=new_log)
            Note.objects.update(enabled=False)
            wait_until(lambda: not Execution.objects.active().exists(), what=lambda: read(new_log))
    assert not ParkedJob.objects.exists()
    asked = Execution.objects.filter(trigger="manual")
    assert [run.status for run in asked] == ["succeeded"]
    asked.delete()  # it notes nothing
    every = promised_so_far([f"note-{number}" for number in range(JOBS)])
    assert len(every) == JOBS
    found = [fault for each in every for fault in faults(each, notes, unwell=())]
    assert not found, "\n".join([*found, read(old_log)[-3000:], read(new_log)[-3000:]])
