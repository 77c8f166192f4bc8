"""Issue 8, line 41: many are written in one order, whoever writes them, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from countjobs.admin.transfer.packing import pack
from countjobs.database.deadlocks import again_after_deadlock
from countjobs.models import CountJob, JobDefinition
from countjobs.transfer.saving import Order
from tests.support.people import client_of
from tests.support.transfers import document, entry, plan_of

COUNT = 60

at_once = pytest.mark.django_db(transaction=True)


def both(one: Callable[[], Any], other: Callable[[], Any]) -> list[Any]:
    """What these return, done at the same time on connections of their own."""
    start = Barrier(2, timeout=60)

    def begin(do: Callable[[], Any]) -> Any:
        try:
            start.wait()
            return do()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        return [
            done.result(timeout=120) for done in [pool.submit(begin, each) for each in (one, other)]
        ]


@at_once
def test_two_that_write_the_same_in_opposite_orders_both_get_through() -> None:
    CountJob.objects.bulk_create(CountJob(name=f"{n}") for n in range(COUNT))
    definitions = list(CountJob.objects.order_by("pk"))

    def write(chosen: list[JobDefinition]) -> int:
        return CountJob.objects.bulk_update(chosen, ["count"], batch_size=1)

    for _round in range(3):
        wrote = both(lambda: write(definitions), lambda: write(definitions[::-1]))
        assert wrote == [COUNT, COUNT]


@at_once
def test_pausing_resuming_and_deleting_at_once_ends_in_no_deadlock() -> None:
    for _round in range(3):
        CountJob.objects.bulk_create(CountJob(name=f"{n}") for n in range(COUNT))
        both(
            lambda: CountJob.objects.order_by("-pk").update(enabled=False),
            lambda: CountJob.objects.filter(pk__gt=0).delete(),
        )
        CountJob.objects.all().delete()


@at_once
def test_two_imports_of_the_same_in_opposite_orders_both_get_an_answer() -> None:
    entries = [entry(f"job {n:02}") for n in range(COUNT)]
    clients = [client_of("superuser"), client_of("editor")]

    def send(number: int, text: str) -> Callable[[], int]:
        packed = pack(Order(text, plan_of(text).digest()), "countjobs.countjob")
        data = {"packed": packed, "_confirm": "yes"}
        return lambda: clients[number].post("/admin/countjobs/countjob/import/", data).status_code

    asked = [send(0, document(*entries)), send(1, document(*entries[::-1]))]
    assert sorted(both(*asked)) == [200, 302]  # who is second is shown what has changed
    assert CountJob.objects.count() == COUNT


def deadlock(code: str = "40P01", name: str = "sqlstate") -> OperationalError:
    error = OperationalError("deadlock detected")
    error.__cause__ = Exception()
    setattr(error.__cause__, name, code)
    return error


class Tried:
    """Does something, after these errors."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.times = 0

    def __call__(self) -> str:
        self.times += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


@at_once
@pytest.mark.parametrize("name", ["sqlstate", "pgcode"])
def test_what_a_deadlock_ended_is_done_once_more(name: str) -> None:
    assert again_after_deadlock(Tried(deadlock(name=name)))() == "done"


@at_once
def test_it_is_done_no_more_than_twice() -> None:
    tried = Tried(deadlock(), deadlock(), deadlock())
    with pytest.raises(OperationalError):
        again_after_deadlock(tried)()
    assert tried.times == 2


@at_once
def test_other_errors_are_raised_and_so_are_those_within_a_transaction() -> None:
    other, within = Tried(deadlock("57P01")), Tried(deadlock())
    with pytest.raises(OperationalError):
        again_after_deadlock(other)()
    with pytest.raises(OperationalError), transaction.atomic():
        again_after_deadlock(within)()
    assert (other.times, within.times) == (1, 1)
