"""Issue 8, line 4: jobs that hang in every thread of a real scheduler are told of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from countjobs.models import CountJob, Execution
from tests.app.models import Gate
from tests.support.child_processes import reap
from tests.support.running_schedulers import read, scheduler, start
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

SETTINGS = json.dumps({"HEARTBEAT_SECONDS": 1, "LEASE_SECONDS": 3})


def schedulerstatus(directory: Path, *options: str) -> tuple[int, str]:
    """Its exit status, and what it says."""
    log = directory / f"status{len(list(directory.iterdir()))}.log"
    process = start("schedulerstatus", *options, log=log, TEST_COUNTJOBS=SETTINGS)
    try:
        return process.wait(60), read(log)
    finally:
        reap(process)


def test_schedulerstatus_tells_of_hung_jobs_until_there_is_room_again(tmp_path: Path) -> None:
    log, gate = tmp_path / "scheduler.log", tmp_path / "gate"
    for number in range(2):
        Gate.objects.create(name=f"hang {number}", second="*", file=str(gate))
    with scheduler(log, "--threads", "2", TEST_COUNTJOBS=SETTINGS):
        try:
            wait_until(lambda: Execution.objects.going_on().count() == 2, what="for both to hang")
            waiting = CountJob.objects.create(name="waits", second="*")
            wait_until(lambda: schedulerstatus(tmp_path)[0] == 4, what="for no room")

            status, said = schedulerstatus(tmp_path, "--json")
            hung = Execution.objects.going_on().values_list("pk", flat=True)
            assert status == 4
            assert {each["run"] for each in json.loads(said)["taken_by"]} == set(hung)
            assert not Execution.objects.filter(job_id=waiting.job_id).exists()

            gate.touch()
            ended = Execution.objects.filter(job_id=waiting.job_id, status="succeeded")
            wait_until(ended.exists, what="for what has waited")
            wait_until(lambda: schedulerstatus(tmp_path)[0] == 0, what="for room")
        finally:
            gate.touch()
