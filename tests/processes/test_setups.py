"""Issue 8, part C: schedulers as real processes in set-ups that Django documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from countjobs.checks.database_setup import connections_needed
from countjobs.models import CountJob, Execution
from tests.own_settings import own_settings
from tests.support.running_schedulers import ended, read, run_to_its_end, scheduler, start
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

needs_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="It is PostgreSQL's driver that is set up here."
)
needs_sqlite = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="It is SQLite that is set up here."
)
THREADS = 2
CREATE = """
from countjobs.models import CountJob
CountJob.objects.create(name="job", second="*", messages={"a": "b"})
"""


def succeeded(name: str = "job") -> int:
    return Execution.objects.filter(job_name=name, status="succeeded").count()


def refusal(log: Path, *options: str, **environment: str) -> str:
    """What a scheduler says that doesn't start."""
    assert ended(start("runscheduler", *options, log=log, **environment)) == 1
    return read(log)


@needs_postgresql
def test_a_pool_that_is_too_small_stops_the_start(tmp_path: Path, log: Path) -> None:
    """Issue 8, line 14: it says how many connections are needed."""
    pytest.importorskip("psycopg_pool")
    pooled = own_settings(tmp_path, 'DATABASES["default"]["OPTIONS"]["pool"] = True')
    words = "The connection pool has room for 4 connections; a scheduler with"
    assert f"countjobs.E010) {words} 10 threads needs 19." in refusal(log, **pooled)
    said = refusal(log, "--threads", "100", "--skip-checks", **pooled)
    assert f"CommandError: {words} 100 threads needs 109. Set OPTIONS['pool']" in said


@needs_postgresql
def test_a_pool_that_is_just_large_enough_does(tmp_path: Path, log: Path) -> None:
    """Issue 8, line 14."""
    pytest.importorskip("psycopg_pool")
    most = connections_needed(THREADS)
    pool = {"min_size": 1, "max_size": most, "timeout": 5}
    lines = f"""
        DATABASES["default"]["OPTIONS"]["pool"] = {pool!r}
        DATABASES["default"]["CONN_MAX_AGE"] = 0
        """
    pooled = own_settings(tmp_path, lines)
    # All that a scheduler has a connection for: runs that ask the database, and long ones.
    jobs = [CountJob(name=f"job {n}", second="*", count=1, max_instances=9) for n in range(6)]
    for job in jobs:
        job.save()
    pooled["TEST_COUNTJOBS"] = json.dumps({"THREADS": THREADS})
    with scheduler(log, **pooled):
        wait_until(lambda: min(succeeded(job.name) for job in jobs) >= 3, 40, lambda: read(log))
    assert "The database reports an error" not in read(log)
    assert "couldn't get a connection" not in read(log)


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Phoenix"])
def test_times_are_kept_in_another_zone(zone: str, tmp_path: Path, log: Path) -> None:
    """Issue 8, line 16."""
    there = own_settings(tmp_path, f'DATABASES["default"]["TIME_ZONE"] = "{zone}"')
    run_to_its_end("shell", "-c", CREATE, log=log, **there)
    with scheduler(log, **there):
        wait_until(lambda: succeeded() >= 3, 30, lambda: read(log))
        for run in Execution.objects.filter(status="succeeded"):
            assert run.started_at
            assert 0 <= (run.started_at - run.scheduled_at).total_seconds() < 30


@needs_sqlite
def test_a_zone_whose_clocks_change_stops_the_start(tmp_path: Path, log: Path) -> None:
    """Issue 8, line 16."""
    there = own_settings(tmp_path, 'DATABASES["default"]["TIME_ZONE"] = "Europe/Berlin"')
    assert "countjobs.E011) DATABASES['default']['TIME_ZONE'] is Europe/Berlin" in refusal(
        log, **there
    )


@needs_postgresql
def test_psycopg2_is_told_of_once_and_edits_take_effect(tmp_path: Path, log: Path) -> None:
    """Issue 8, line 17."""
    pytest.importorskip("psycopg2")
    lines = """
        import sys
        sys.modules["psycopg"] = None  # as if it were not installed
        """
    old = own_settings(tmp_path, lines)
    with scheduler(log, **old):
        CountJob.objects.create(name="job", second="*")
        wait_until(lambda: succeeded() >= 3, 30, lambda: read(log))
    said = read(log)
    assert said.count("countjobs.W011") == 1
    assert "WARNING" not in said.partition("W011")[2], said


ROUTER = """
    class Replicas:
        ours = {{"countjobs", "django_apscheduler", "app"}}

        def db_for_read(self, model, **hints):
            return "replica" if model._meta.app_label in self.ours else None

    DATABASES["replica"] = {{**DATABASES["default"], "NAME": {name!r}}}
    DATABASE_ROUTERS = [Replicas()]
    """
EDIT = """
from django.test import Client
from tests.support.people import client_of
from countjobs.models import CountJob
from tests.support.admin_pages import ADD, LIST, change_url, form_of
client = client_of("superuser")
client.defaults["HTTP_HOST"] = "localhost"
response = client.post(ADD, form_of(CountJob(name="job", second="*", messages={"a": "b"})))
assert response.status_code == 302, response.content
job = CountJob.objects.get(name="job")
assert client.get(change_url(job)).status_code == 200
assert b"job" in client.get(LIST).content
job.refresh_from_db()
"""


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[str]:
    """The name of an empty database beside the test's: a replica that has received nothing yet."""
    if connection.vendor == "sqlite":
        yield str(tmp_path / "replica.sqlite3")
        return
    name = f"{connection.settings_dict['NAME']}_replica"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    yield name
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_replica_that_lags_behind_keeps_nothing_from_running(
    tmp_path: Path, log: Path, replica: str
) -> None:
    """Issue 8, line 15."""
    routed = own_settings(tmp_path, ROUTER.format(name=replica))
    run_to_its_end("migrate", "--database", "replica", log=log, **routed)
    run_to_its_end("shell", "-c", EDIT, log=log, **routed)
    with scheduler(log, **routed):
        wait_until(lambda: succeeded() >= 2, 30, lambda: read(log))
        run_to_its_end("runjob", "job", log=log, **routed)
        run_to_its_end("syncjobs", log=log, **routed)
        run_to_its_end("schedulerstatus", log=log, **routed)


@needs_sqlite
def test_settings_without_wal_are_told_of_with_the_line_to_add(tmp_path: Path, log: Path) -> None:
    """Issue 8, line 50: as Healthchecks sets SQLite up."""
    lines = """
        DATABASES["default"]["NAME"] = {name!r}
        DATABASES["default"]["OPTIONS"] = {options!r}
        """
    options = {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA busy_timeout=5000;"}
    name = str(tmp_path / "db.sqlite3")
    own = own_settings(tmp_path, lines.format(name=name, options=options))
    run_to_its_end("check", "--database", "default", log=log, **own)
    said = read(log)
    assert said.count("countjobs.") == 1
    line = '"init_command": "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL;"'
    assert f"HINT: Add to OPTIONS: {line}" in said

    log.unlink()
    options["init_command"] = "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL;"
    own = own_settings(tmp_path, lines.format(name=name, options=options))
    run_to_its_end("check", "--database", "default", log=log, **own)
    assert "countjobs." not in read(log)
