"""Issue 13, line 4: with no scheduler alive, or none with room, each way to be told tells it.

Leases and heartbeats are the defaults. Only pings come every second instead of every minute.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.error import URLError

import pytest
from django.contrib.auth.models import User
from django.test import Client

from countjobs.alerts import ping
from countjobs.conf import Conf
from countjobs.models import CountJob, Execution
from tests.app.models import Gate
from tests.support.child_processes import reap
from tests.support.listening import WebServer, web_server
from tests.support.probing import SERVE, get, healthy, port_of, schedulerstatus
from tests.support.running_schedulers import scheduler
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

WITHIN_SECONDS = 90
QUIET_SECONDS = 5
"""Several pings would come in that time."""
ALL_IS_WELL: tuple[int, list[str]] = (200, [])


@pytest.fixture
def pinged() -> Iterator[WebServer]:
    with web_server() as found:
        yield found


@pytest.fixture
def environment(pinged: WebServer) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "tests.hurried.settings",
        "TEST_COUNTJOBS": json.dumps({"PING_URL": pinged.url}),
    }


@pytest.fixture
def person(client: Client) -> Client:
    """Somebody who looks at the pages."""
    client.force_login(User.objects.create_superuser("Ann"))
    return client


def banner(person: Client) -> str:
    """A page of the admin, with the banner if there is one."""
    return person.get("/admin/").content.decode()


class Deadline:
    """All that is waited for comes within the time that is promised from when it began."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def left(self) -> float:
        return WITHIN_SECONDS - (time.monotonic() - self._began)


def wait_until_no_ping_comes(pinged: WebServer, deadline: Deadline) -> None:
    def is_quiet() -> bool:
        seen = len(pinged.requests)
        time.sleep(QUIET_SECONDS)
        return len(pinged.requests) == seen

    wait_until(is_quiet, deadline.left(), "for the pings to stop")


def test_promise_04_with_every_scheduler_killed_all_who_ask_are_told_within_90_seconds(
    tmp_path: Path, person: Client, pinged: WebServer, environment: dict[str, str]
) -> None:
    logs = [tmp_path / "log-0", tmp_path / "log-1"]
    with ExitStack() as opened:
        killed = [opened.enter_context(scheduler(log, *SERVE, **environment)) for log in logs]
        port = port_of(logs[0])
        wait_until(lambda: len(pinged.requests) >= 2 * len(killed), what="for pings")
        wait_until(lambda: get(port, "/ready")[0] == 200, what="for it to be ready")
        assert healthy(person) == ALL_IS_WELL
        assert "No scheduler is alive." not in banner(person)
        assert schedulerstatus(tmp_path, **environment) == 0

        deadline = Deadline()
        for process in killed:
            reap(process)
        wait_until_no_ping_comes(pinged, deadline)
        with pytest.raises(URLError):
            get(port, "/ready")
        wait_until(
            lambda: healthy(person) == (503, ["no_scheduler"]), deadline.left(), "for health/"
        )
        wait_until(
            lambda: "No scheduler is alive." in banner(person), deadline.left(), "for the banner"
        )
        wait_until(
            lambda: schedulerstatus(tmp_path, **environment) == 1, deadline.left(), "for the status"
        )
        assert deadline.left() > 0


def test_promise_04_with_a_hung_job_in_each_thread_all_who_ask_are_told_within_90_seconds(
    tmp_path: Path, person: Client, pinged: WebServer, environment: dict[str, str]
) -> None:
    log, gate = tmp_path / "log", tmp_path / "gate"
    for number in range(2):
        Gate.objects.create(name=f"hang {number}", second="*", file=str(gate))
    with scheduler(log, "--threads", "2", *SERVE, **environment):
        try:
            port = port_of(log)
            going_on = Execution.objects.going_on()
            wait_until(lambda: going_on.count() == 2, what="for both to hang")
            deadline = Deadline()
            CountJob.objects.create(name="waits", second="*")

            wait_until(lambda: get(port, "/ready")[0] == 503, deadline.left(), "for /ready")
            wait_until_no_ping_comes(pinged, deadline)
            wait_until(
                lambda: healthy(person) == (503, ["no_room"]), deadline.left(), "for health/"
            )
            wait_until(
                lambda: "No scheduler has a free thread." in banner(person),
                deadline.left(),
                "for the banner",
            )
            wait_until(
                lambda: schedulerstatus(tmp_path, **environment) == 4,
                deadline.left(),
                "for the status",
            )
            assert deadline.left() > 0
            assert get(port, "/live")[0] == 200

            seen = len(pinged.requests)
            gate.touch()
            wait_until(lambda: get(port, "/ready")[0] == 200, what="for room")
            wait_until(lambda: healthy(person) == ALL_IS_WELL, what="for room")
            wait_until(lambda: len(pinged.requests) > seen, what="for pings")
        finally:
            gate.touch()


def test_a_service_can_miss_a_ping_within_90_seconds() -> None:
    """With the defaults: the last one is sent when the schedulers may already have stopped working
    for a lease, and the next one is missed a minute later.
    """
    assert Conf().lease_seconds + ping.EVERY_SECONDS < WITHIN_SECONDS
