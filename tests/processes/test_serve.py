"""Issue 13, line 3, and promise 04: a real scheduler answers probes and Prometheus."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from django.test import Client

from countjobs.models import CountJob, Execution
from tests.app.models import Gate
from tests.support.open_metrics import values_of
from tests.support.probing import SERVE, get, healthy, port_of, schedulerstatus
from tests.support.running_schedulers import ended, read, scheduler, start
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

SETTINGS = json.dumps({"HEARTBEAT_SECONDS": 1, "LEASE_SECONDS": 3})


def metrics(port: int) -> dict[str, float]:
    status, text = get(port, "/metrics")
    assert status == 200
    return values_of(text)


def test_a_scheduler_answers_probes_and_counts_its_runs(tmp_path: Path, client: Client) -> None:
    log = tmp_path / "scheduler.log"
    CountJob.objects.create(name="secret", second="*", count=1)
    with scheduler(log, "--threads", "2", *SERVE, TEST_COUNTJOBS=SETTINGS):
        port = port_of(log)
        assert get(port, "/live") == (200, "ok\n")
        wait_until(lambda: get(port, "/ready") == (200, "ok\n"), what="for it to be ready")
        wait_until(
            lambda: metrics(port)["countjobs_runs_total succeeded"] >= 2, what="for runs to count"
        )
        found = metrics(port)
        assert found["countjobs_up"] == found["countjobs_schedulers"] == 1
        assert found["countjobs_executor_capacity default"] == 2
        assert found["countjobs_run_duration_seconds_count"] >= 2
        assert "secret" not in get(port, "/metrics")[1]
        assert healthy(client) == (200, [])


def test_promise_04_where_all_threads_hang_all_who_ask_are_told_within_90_seconds(
    tmp_path: Path, client: Client, settings: object
) -> None:
    log, gate = tmp_path / "scheduler.log", tmp_path / "gate"
    settings.COUNTJOBS = json.loads(SETTINGS)  # type: ignore[attr-defined]
    for number in range(2):
        Gate.objects.create(name=f"hang {number}", second="*", file=str(gate))
    with scheduler(log, "--threads", "2", *SERVE, TEST_COUNTJOBS=SETTINGS) as process:
        try:
            port = port_of(log)
            wait_until(lambda: Execution.objects.going_on().count() == 2, what="for both to hang")
            CountJob.objects.create(name="waits", second="*")
            began = time.monotonic()
            wait_until(lambda: get(port, "/ready")[0] == 503, 90, "for it to be unready")
            wait_until(lambda: healthy(client) == (503, ["no_room"]), 90, "for health/ to say so")
            wait_until(
                lambda: schedulerstatus(tmp_path, TEST_COUNTJOBS=SETTINGS) == 4,
                90,
                "for schedulerstatus to say so",
            )
            assert time.monotonic() - began < 90
            assert metrics(port)["countjobs_problem no_room"] == 1
            assert get(port, "/live")[0] == 200

            gate.touch()
            wait_until(lambda: get(port, "/ready")[0] == 200, what="for it to be ready again")
            wait_until(lambda: healthy(client) == (200, []), what="for health/ to say so")

            process.kill()
            ended(process)
            wait_until(
                lambda: healthy(client) == (503, ["no_scheduler"]), 90, "for health/ to say so"
            )
        finally:
            gate.touch()


def test_while_it_drains_it_lives_and_is_not_ready(tmp_path: Path) -> None:
    log, gate = tmp_path / "scheduler.log", tmp_path / "gate"
    Gate.objects.create(name="hang", second="*", file=str(gate))
    with scheduler(log, *SERVE, TEST_COUNTJOBS=SETTINGS) as process:
        try:
            port = port_of(log)
            wait_until(lambda: Execution.objects.going_on().exists(), what="for a run")
            process.terminate()
            wait_until(
                lambda: get(port, "/ready") == (503, "The scheduler is stopping.\n"),
                what="for it to drain",
            )
            assert get(port, "/live")[0] == 200
        finally:
            gate.touch()
        assert ended(process) == 0, read(log)


def test_a_port_that_is_taken_ends_it_at_once(tmp_path: Path) -> None:
    log = tmp_path / "scheduler.log"
    with scheduler(log, *SERVE, TEST_COUNTJOBS=SETTINGS):
        other = tmp_path / "other.log"
        port = port_of(log)
        process = start("runscheduler", "--serve", f"127.0.0.1:{port}", log=other)
        assert ended(process) == 1
        assert f"Port {port} is taken by another program." in read(other)


@pytest.mark.parametrize("given", ["9000", "::1:9000", "127.0.0.1:http"])
def test_a_wrong_address_is_refused(given: str, tmp_path: Path) -> None:
    log = tmp_path / "scheduler.log"
    process = start("runscheduler", "--serve", given, log=log)
    assert ended(process) != 0
    assert "argument --serve: must" in read(log)
    assert "Traceback" not in read(log)
