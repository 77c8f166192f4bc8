"""Hearing of changes: at once, through broken connections, and never past the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django_apscheduler.models import DjangoJob

from countjobs.database.wakeups import CHANNEL, notify
from countjobs.schedulers import listeners
from countjobs.schedulers.listeners import ChangeListener
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


class Alarm(threading.Event):
    """Counts how often it was rung."""

    rung = 0

    def ring(self) -> None:
        self.rung += 1
        self.set()


@pytest.fixture
def alarm() -> Alarm:
    return Alarm()


@pytest.fixture
def listener(alarm: Alarm) -> Iterator[ChangeListener]:
    """One that has begun to listen."""
    listener = ChangeListener(alarm.ring)
    listener.start()
    assert alarm.wait(60)
    alarm.clear()
    yield listener
    listener.stop(10)
    assert not listener.is_alive()


def change() -> None:
    DjangoJob.objects.create(id=f"job {time.monotonic_ns()}", job_state=b"")
    notify()


def only_postgresql() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no connection that could break, and no NOTIFY.")


def test_each_change_wakes_and_nothing_else_does(alarm: Alarm, listener: ChangeListener) -> None:
    for _ in range(3):
        before = alarm.rung
        change()
        wait_until(lambda: alarm.rung > before)  # noqa: B023
    assert alarm.rung <= 4


def test_it_ends_at_once_while_nothing_happens(listener: ChangeListener) -> None:
    began = time.monotonic()
    listener.stop(10)
    assert time.monotonic() - began < 2
    assert not listener.is_alive()


def test_one_that_was_never_started_can_be_stopped() -> None:
    ChangeListener(lambda: None).stop(10)


def test_promise_05_it_listens_again_after_its_connection_broke(
    alarm: Alarm, listener: ChangeListener
) -> None:
    only_postgresql()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query = %s",
            [f"LISTEN {CHANNEL}"],
        )
        assert cursor.fetchall() == [(True,)]
    # Once because of the break, and once when it listens again.
    wait_until(lambda: alarm.rung == 3)
    change()
    wait_until(lambda: alarm.rung == 4)


def test_one_that_can_not_listen_looks_again_and_again(
    alarm: Alarm, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Issue 8, lines 17 and 18: with psycopg2, and behind a pooler that shares connections."""
    only_postgresql()
    monkeypatch.setattr(listeners, "LOOK_SECONDS", 0.05)
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
    listener = ChangeListener(alarm.ring)
    listener.start()
    wait_until(lambda: alarm.rung >= 3)
    listener.stop(10)
    assert not listener.is_alive()
    assert caplog.records == []


def test_one_that_stops_leaves_nobody_else_to_hear_of_it(
    alarm: Alarm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 8, line 14: a pool gives its connection to somebody else."""
    only_postgresql()
    monkeypatch.setattr(BaseDatabaseWrapper, "close", lambda self: pools.append(self.connection))
    pools: list[Any] = []
    listener = ChangeListener(alarm.ring)
    listener.start()
    assert alarm.wait(60)
    listener.stop(10)
    [raw] = pools
    assert raw.execute("SELECT count(*) FROM pg_listening_channels()").fetchone()[0] == 0
    raw.close()
