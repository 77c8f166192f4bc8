"""`fill` and `pages` work: each runs here with next to nothing to do. The figures mean nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import psycopg
import pytest
from django.db import connection

from benchmarks.filling.history import unit_of
from benchmarks.filling.many_definitions import BROKEN_EVERY, fields_of, name_of
from benchmarks.scratch import Database
from benchmarks.visiting.page_list import PAGES
from benchmarks.visiting.report import Line, Visit, table
from countjobs.models import CountJob
from countjobs.models.executions import Status
from tests.support.paths import ROOT

DEFINITIONS, EXECUTIONS = 10, 100
on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="the history is made by PostgreSQL itself"
)


@dataclass
class Filled:
    """A database, and what was told while it was filled."""

    name: str
    url: str
    progress: str


def _benchmarks(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


@pytest.fixture(scope="module")
def filled() -> Iterator[Filled]:
    server = Database(os.environ["DATABASE_URL"])
    name = f"test_countjobs_fill_{os.getpid()}"
    sizes = ("--definitions", str(DEFINITIONS), "--executions", str(EXECUTIONS))
    made = _benchmarks("fill", "--name", name, "--drop", *sizes)
    try:
        assert made.returncode == 0, made.stderr
        yield Filled(name, server.url_of(name), made.stderr)
    finally:
        server.drop(name)


def _asked(filled: Filled, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(filled.url.replace("postgres://", "postgresql://", 1)) as database:
        return database.execute(query).fetchall()


@on_postgresql
@pytest.mark.process
def test_filling_tells_how_far_it_is(filled: Filled) -> None:
    assert "10 of 10 definitions made" in filled.progress
    assert "100 of 100 executions made" in filled.progress
    assert f"Filled in {filled.progress.rpartition('Filled in ')[2]}" in filled.progress


@on_postgresql
@pytest.mark.process
def test_a_filled_database_has_as_many_rows_as_were_asked_for(filled: Filled) -> None:
    counted = "SELECT (SELECT count(*) FROM countjobs_countjob), count(*) FROM countjobs_execution"
    assert _asked(filled, counted) == [(DEFINITIONS, EXECUTIONS)]
    rows = _asked(filled, "SELECT id FROM django_apscheduler_djangojob")
    assert len(rows) == DEFINITIONS


@on_postgresql
@pytest.mark.process
def test_a_filled_history_is_plausible(filled: Filled) -> None:
    rows = _asked(
        filled,
        "SELECT status, trigger, scheduled_at, started_at, finished_at, node"
        " FROM countjobs_execution ORDER BY scheduled_at",
    )
    assert {row[0] for row in rows} <= set(Status.values)
    for status, trigger, scheduled, started, finished, node in rows:
        assert (finished is None) == (status in ("queued", "running"))
        assert (node == "") == (status == "queued")
        assert status != "queued" or trigger == "manual"
        assert started is None or started >= scheduled  # type: ignore[operator]  # both are times
    assert timedelta(88) <= rows[-1][2] - rows[0][2] < timedelta(91)  # type: ignore[operator]


@on_postgresql
@pytest.mark.process
@pytest.mark.django_db
def test_a_filled_database_has_all_its_indexes_again(filled: Filled) -> None:
    query = "SELECT indexdef FROM pg_indexes WHERE tablename = 'countjobs_execution'"
    with connection.cursor() as cursor:
        cursor.execute(query)
        wanted = {row[0] for row in cursor.fetchall()}
    assert {row[0] for row in _asked(filled, query)} == wanted


@on_postgresql
@pytest.mark.process
def test_a_row_can_be_added_to_a_filled_history(filled: Filled) -> None:
    (key,) = _asked(
        filled, "SELECT nextval(pg_get_serial_sequence('countjobs_execution', 'id')) AS key"
    )
    assert key[0] > EXECUTIONS  # type: ignore[operator]  # a number


@on_postgresql
@pytest.mark.process
def test_a_database_that_is_there_is_not_filled(filled: Filled) -> None:
    again = _benchmarks("fill", "--name", filled.name)
    assert again.returncode != 0
    assert f'database "{filled.name}" already exists' in again.stderr


@on_postgresql
@pytest.mark.process
def test_each_page_is_measured_for_each_person(filled: Filled) -> None:
    shown = _benchmarks("pages", "--name", filled.name, "--rounds", "1")
    assert shown.returncode == 0, shown.stderr
    assert "round 1 of 1" in shown.stderr
    assert "HTTP 5" not in shown.stdout
    for page in PAGES:
        for role in ("superuser", "viewer"):
            assert f"| {page} | {role} |" in shown.stdout
    assert "| executions, status: failed | viewer |" in shown.stdout


@on_postgresql
@pytest.mark.process
def test_only_the_pages_that_were_named_are_measured(filled: Filled) -> None:
    shown = _benchmarks("pages", "--name", filled.name, "--rounds", "1", "--only", "schedulers")
    lines = [line for line in shown.stdout.splitlines() if " ms | " in line]
    assert len(lines) == 2, shown.stderr
    assert all(line.startswith("| schedulers | ") for line in lines)


def test_sqlite_has_no_server_to_be_filled() -> None:
    with pytest.raises(ValueError, match="no server"):
        Database().create("countjobs_pages")


@pytest.mark.parametrize(
    ("a_second", "jobs", "unit"),
    [(0.1, 10, "minute"), (0.2, 10, "second"), (1, 60, "second"), (20, 10, "microseconds")],
)
def test_fire_times_are_cut_to_what_keeps_those_of_a_job_apart(
    a_second: float, jobs: int, unit: str
) -> None:
    assert unit_of(a_second, jobs) == unit


def test_definitions_are_valid_but_for_the_broken_ones() -> None:
    kinds = range(1, 200)
    assert [n for n in kinds if CountJob(**fields_of(n)).problems()] == []
    assert CountJob(**fields_of(BROKEN_EVERY - 1)).problems() != []


def test_definitions_have_names_of_their_own() -> None:
    assert len({name_of(number) for number in range(1, 2_000)}) == 1_999


def _line(milliseconds: float, status: int = 200) -> Line:
    line = Line("page", "viewer")
    line.add(
        Visit(status, milliseconds / 1_000, milliseconds / 2_000, 0.007, queries=5, size=12_345)
    )
    return line


def test_a_page_that_takes_too_long_is_flagged() -> None:
    assert "over" not in table([_line(200)], most=200)
    assert table([_line(201)], most=200).endswith(
        "| 201 ms | 201 ms | 201 ms | 100 ms | 7 ms | 5 | 12 | over 200 ms |"
    )


def test_a_page_that_fails_is_flagged() -> None:
    assert _line(1, status=500).text(200).endswith("| HTTP 500 |")


def test_a_page_that_is_not_there_says_so() -> None:
    assert Line("overview", "viewer").text(200).endswith("| not there |")


def test_a_number_of_queries_that_differs_shows() -> None:
    line = _line(1)
    line.add(Visit(200, 0.001, 0.001, queries=7))
    assert "| 5 to 7 |" in line.text(200)
