"""Deleting in batches: their size, the pauses, and in which order."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count

import pytest
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from countjobs.history.batched import SECONDS, Batches
from countjobs.history.purge import purge
from countjobs.models import Execution
from countjobs.models.executions import Status
from countjobs.run_context import RunContext, Stop, StopRun
from tests.support.executing import run_of
from tests.support.factories import NOON, SECOND, make_execution

pytestmark = pytest.mark.django_db

ORDER = ("scheduled_at", "pk")


def make(number: int, status: Status = Status.SUCCEEDED) -> list[int]:
    return [make_execution(status, scheduled_at=NOON).pk for _ in range(number)]


def sizes(took: float, most: int, rows: int) -> tuple[list[int], list[float]]:
    """How large the batches were that each took so long, and how long the pauses."""
    slept: list[float] = []
    clock = (number // 2 * 10 + number % 2 * took for number in count())
    batches = Batches(most, clock=lambda: next(clock), sleep=slept.append)
    batches.size = 4
    make(rows)
    with CaptureQueriesContext(connection) as queries:
        assert batches.delete(Execution.objects.all(), order=ORDER) == rows
    deletes = [query["sql"] for query in queries if query["sql"].startswith("DELETE")]
    return [int(sql.split("LIMIT ")[1].split(")")[0]) for sql in deletes], slept


def test_quick_batches_grow_to_the_most() -> None:
    seen, slept = sizes(took=0.01, most=10, rows=20)
    assert seen == [4, 8, 10]
    assert slept == pytest.approx([0.09] * 3)


def test_slow_batches_shrink_and_the_pause_is_longer_than_they_took() -> None:
    seen, slept = sizes(took=3.0, most=10, rows=8)
    assert seen == [4, 2, 1, 1, 1]
    assert slept == pytest.approx([27.0] * 5)


def test_batches_that_take_as_long_as_they_are_to_keep_their_size() -> None:
    assert sizes(took=1.5 * SECONDS, most=10, rows=12)[0] == [4, 4, 4, 4]


@pytest.mark.parametrize("order", [("pk",), ORDER])
def test_what_is_kept_is_looked_at_once(order: tuple[str, str] | tuple[str]) -> None:
    kept = make(5, status=Status.FAILED)
    for index in range(7):
        make_execution(scheduled_at=NOON - index * timedelta(hours=1))
    with CaptureQueriesContext(connection) as queries:
        succeeded = models.Q(status=Status.SUCCEEDED)
        assert Batches(2).delete(Execution.objects.all(), succeeded, order) == 7
    assert set(Execution.objects.values_list("pk", flat=True)) == set(kept)
    assert sum(query["sql"].startswith("DELETE") for query in queries) == 7  # 12 rows, and no more


def test_it_tells_how_far_it_is_and_stops_between_two_batches() -> None:
    make(9)
    run = run_of(int)
    context = RunContext(run, None)

    def sleep(_seconds: float) -> None:
        if batches.deleted == 8:
            run.stop = Stop("cancelled", "Enough.")

    batches = Batches(4, sleep=sleep)
    with context, pytest.raises(StopRun, match="Enough"):
        batches.delete(Execution.objects.all())
    assert context.told == (8, None)
    assert Execution.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_purges_at_the_same_time_delete_each_run_once() -> None:
    Execution.objects.bulk_create(
        Execution(job_id="a", job_name="a", scheduled_at=NOON + index * SECOND, status="succeeded")
        for index in range(600)
    )
    begin = threading.Barrier(2)

    def purge_all(most: int) -> int:
        begin.wait(60)
        try:
            return purge(NOON + timedelta(days=9), days=1, keep=100, batch=most)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(purge_all, (7, 50))) == 600
    assert not Execution.objects.exists()
