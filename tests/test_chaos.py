"""Schedulers are killed, stopped and frozen while 300 definitions fire every second."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from django.db import connection

from countjobs.models import Execution
from tests.chaos import Herd, end_connections, faults, note_every_second
from tests.processes import read
from tests.waiting import wait_until


@pytest.mark.process
@pytest.mark.django_db(transaction=True)
def test_promise_01_and_09_nothing_is_lost_and_nothing_runs_twice_in_chaos(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    seconds = float(request.config.getoption("--chaos-seconds"))
    seed = int(request.config.getoption("--chaos-seed"))
    notes, log = tmp_path / "notes", tmp_path / "log"
    note_every_second(300, notes)
    herd = Herd(3 if connection.vendor == "postgresql" else 2, log, seed)
    try:
        wait_until(notes.exists, 30, what=read(log))
        succeeded = Execution.objects.filter(status="succeeded")
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            goal = succeeded.count() + 300
            herd.strike()
            end_connections()
            wait_until(lambda: succeeded.count() >= goal, 40, what=read(log)[-5_000:])  # noqa: B023
        wait_until(herd.has_settled, 30, what="for what the last one left behind")
    finally:
        herd.end()
    assert faults(notes, herd.unwell) == []
    lost = Execution.objects.filter(status="lost").count()
    print(f"seed {seed}: {Execution.objects.count()} executions, {lost} lost")
