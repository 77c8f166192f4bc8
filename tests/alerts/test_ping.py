"""The ping: only while a scheduler works, told once when it fails, ended at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connections
from pytest_django import Settings

from countjobs.alerts import ping as pinging
from countjobs.alerts.ping import AGAIN_SECONDS, EVERY_SECONDS, Ping
from countjobs.jobstores.room import Room, Taking
from countjobs.schedulers import BackgroundScheduler, companions, fitness
from tests.support.factories import NOON
from tests.support.listening import WebServer, web_server
from tests.support.scheduling import running
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(settings: Settings) -> Iterator[WebServer]:
    with web_server() as found:
        settings.COUNTJOBS = {"PING_URL": f"{found.url}/s3cret"}
        yield found


@pytest.fixture
def scheduler(monkeypatch: pytest.MonkeyPatch) -> Iterator[BackgroundScheduler]:
    """Without the pings of its own."""
    monkeypatch.setattr(companions, "_makers", [])
    with running() as found:
        wait_until(lambda: not found.heartbeat.is_older_than(60))
        yield found


def test_a_scheduler_that_works_pings(server: WebServer, scheduler: BackgroundScheduler) -> None:
    assert Ping(scheduler).ping() == EVERY_SECONDS
    (request,) = server.requests
    assert (request.method, request.path) == ("GET", "/s3cret")
    assert request.headers["user-agent"].startswith("countjobs/")


def test_it_pings_soon_after_the_start(
    server: WebServer, scheduler: BackgroundScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pinging, "FIRST_SECONDS", 0.05)
    ping = Ping(scheduler)
    ping.start()
    wait_until(lambda: server.requests)
    ping.stop(5)
    assert len(server.requests) == 1


def test_without_an_address_nothing_runs(
    scheduler: BackgroundScheduler, settings: Settings
) -> None:
    settings.COUNTJOBS = {}
    before = threading.active_count()
    ping = Ping(scheduler)
    ping.start()
    assert not [each for each in threading.enumerate() if each.name == "countjobs-ping"]
    assert threading.active_count() <= before
    ping.stop(1)


def test_a_stuck_loop_does_not_ping(
    server: WebServer, scheduler: BackgroundScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler.heartbeat, "is_older_than", lambda seconds: True)
    assert Ping(scheduler).ping() == AGAIN_SECONDS
    assert server.requests == []


def test_a_scheduler_that_can_not_claim_does_not_ping(
    server: WebServer, scheduler: BackgroundScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler.heartbeat, "_cannot_claim", "no table")
    assert Ping(scheduler).ping() == AGAIN_SECONDS
    assert server.requests == []


def test_a_scheduler_whose_threads_all_hang_does_not_ping(
    server: WebServer, scheduler: BackgroundScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken_by(node: str) -> Room:
        return Room([], [Taking(1, "id", "job", node, NOON)])

    monkeypatch.setattr(fitness, "look", lambda now: taken_by(scheduler.heartbeat.name))
    assert Ping(scheduler).ping() == AGAIN_SECONDS
    assert server.requests == []
    monkeypatch.setattr(fitness, "look", lambda now: taken_by("another"))
    assert Ping(scheduler).ping() == EVERY_SECONDS


def test_a_scheduler_that_has_stopped_does_not_ping(server: WebServer) -> None:
    with running() as scheduler:
        wait_until(lambda: not scheduler.heartbeat.is_older_than(60))
    assert Ping(scheduler).ping() == AGAIN_SECONDS
    assert server.requests == []


def test_a_failure_is_told_once_and_without_the_address(
    settings: Settings, scheduler: BackgroundScheduler, caplog: pytest.LogCaptureFixture
) -> None:
    ping = Ping(scheduler)
    with web_server(503) as failing, web_server() as working:
        for server in (failing, failing, working, failing):
            settings.COUNTJOBS = {"PING_URL": f"{server.url}/s3cret"}
            assert ping.ping() == EVERY_SECONDS
    told = [each for each in caplog.messages if "PING_URL" in each]
    assert told == ["PING_URL can't be fetched: The server answered 503."] * 2
    assert "s3cret" not in caplog.text


def test_a_database_that_is_away_is_told_and_the_ping_comes_back(
    server: WebServer,
    scheduler: BackgroundScheduler,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    real, failures = fitness.why_it_does_not_work, [OperationalError("away")] * 3

    def fail_first(*args: Any) -> str:
        if failures:
            raise failures.pop()
        return real(*args)

    monkeypatch.setattr(pinging, "why_it_does_not_work", fail_first)
    monkeypatch.setattr(pinging, "FIRST_SECONDS", 0.01)
    monkeypatch.setattr(pinging, "AGAIN_SECONDS", 0.01)
    ping = Ping(scheduler)
    ping.start()
    wait_until(lambda: server.requests)
    ping.stop(5)
    assert len([each for each in caplog.messages if "Whether to fetch" in each]) == 1


def test_no_connection_stays_open(server: WebServer, scheduler: BackgroundScheduler) -> None:
    left: list[object] = []

    def look() -> None:
        Ping(scheduler).ping()
        left.append(connections["default"].connection)

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert left == [None]


def test_it_ends_at_once_even_if_the_server_hangs(
    settings: Settings, scheduler: BackgroundScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()

    def wait_in_vain(*args: Any, **options: Any) -> int:
        asked.set()
        ended.wait(30)
        return 200

    ended = threading.Event()
    monkeypatch.setattr(pinging, "FIRST_SECONDS", 0.01)
    monkeypatch.setattr(pinging, "fetch", wait_in_vain)
    settings.COUNTJOBS = {"PING_URL": "https://example.com/"}
    ping = Ping(scheduler)
    ping.start()
    assert asked.wait(30)
    began = time.monotonic()
    ping.stop(20)
    assert time.monotonic() - began < 10
    ended.set()
    wait_until(lambda: not [t for t in threading.enumerate() if t.name == "countjobs-ping"])


def test_it_ends_before_the_first_ping(scheduler: BackgroundScheduler, server: WebServer) -> None:
    ping = Ping(scheduler)
    ping.start()
    ping.stop(5)
    wait_until(lambda: not [t for t in threading.enumerate() if t.name == "countjobs-ping"])
    assert ping.ping() == AGAIN_SECONDS
    assert server.requests == []
