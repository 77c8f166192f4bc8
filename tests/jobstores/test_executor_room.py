"""Several executors: one without room leaves its jobs due, and those of others are taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_apscheduler.models import DjangoJob

from countjobs.history.requests import request_run
from countjobs.jobstores import claiming
from countjobs.jobstores.claimed import ClaimedJob
from countjobs.jobstores.claims import Claims, claim
from countjobs.jobstores.passed import PassedOver
from countjobs.jobstores.store import DatabaseJobStore
from countjobs.models import CountJob, Execution
from countjobs.models.executions import Status
from tests.support.factories import NOON, SECOND, make_definition
from tests.support.still_scheduler import IdleScheduler, make_store

NODE = "here:1:1"
NOW = NOON + 30 * SECOND

pytestmark = pytest.mark.django_db


class Both:
    """Threads, and processes that some definitions use."""

    def __init__(self, default: int = 10, processes: int = 0) -> None:
        self.room = {"default": default, "processes": processes}
        self.used: set[str] = {"default"}

    def rooms(self) -> dict[str, int]:
        return dict(self.room)

    def room_for_claims(self, rooms: Mapping[str, int]) -> int:
        return sum(rooms[name] for name in self.used)

    def full(self) -> frozenset[str]:
        some = self.used if len(self.used) > 1 else ()
        return frozenset(name for name in some if self.room[name] <= 0)

    @property
    def free(self) -> int:
        return self.room_for_claims(self.room)

    def note_used(self, names: Iterable[str]) -> None:
        self.used |= set(names)

    def busy(self) -> Counter[str]:
        return Counter()


@pytest.fixture
def both() -> Both:
    return Both()


@pytest.fixture
def two_rooms(scheduler: IdleScheduler, both: Both) -> DatabaseJobStore:
    return make_store(scheduler, both)  # type: ignore[arg-type]  # as good as threads


def make_all(count: int, executor: str = "processes", seconds: int = 0) -> list[str]:
    """Definitions of an executor, due so many seconds after noon."""
    due = NOON + seconds * SECOND
    new = CountJob.objects.bulk_create(
        CountJob(name=f"{executor} {seconds} {number}", executor=executor)
        for number in range(count)
    )
    ids = [each.job_id for each in new]
    DjangoJob.objects.filter(id__in=ids).update(next_run_time=due)
    return ids


def take_all(store: DatabaseJobStore, most_turns: int = 100) -> list[ClaimedJob]:
    """Turn the loop until it would sleep."""
    taken: list[ClaimedJob] = []
    for _turn in range(most_turns):
        with time_machine.travel(NOW, tick=False):
            taken += store.get_due_jobs(NOW)
            wakes = store.get_next_run_time()
        if wakes is None or wakes > NOW:
            return taken
    raise AssertionError("the loop never sleeps")


def test_jobs_of_an_executor_without_room_stay_due_and_others_behind_them_are_taken(
    two_rooms: DatabaseJobStore,
) -> None:
    full = make_all(30)
    behind = make_all(5, "default", seconds=1)
    assert sorted(job.id for job in take_all(two_rooms)) == sorted(behind)
    due = DjangoJob.objects.filter(next_run_time=NOON).values_list("id", flat=True)
    assert sorted(due) == sorted(full)
    assert not Execution.objects.filter(job_id__in=full).exists()


def test_the_loop_sleeps_while_only_jobs_without_room_are_due(two_rooms: DatabaseJobStore) -> None:
    make_all(30)
    assert take_all(two_rooms) == []
    wakes = two_rooms.get_next_run_time()
    assert wakes is None or wakes > NOON + timedelta(minutes=1)
    assert two_rooms.claiming.passed.full_executors == ["processes"]


def test_as_soon_as_there_is_room_again_the_first_ones_are_taken(
    two_rooms: DatabaseJobStore, both: Both
) -> None:
    first, second = make_all(2), make_all(4, seconds=1)
    assert take_all(two_rooms) == []
    both.room["processes"] = 2
    claimed = two_rooms.get_due_jobs(NOW)
    assert sorted(job.id for job in claimed) == sorted(first)
    both.room["processes"] = 0
    assert take_all(two_rooms) == []
    both.room["processes"] = 10
    assert sorted(job.id for job in two_rooms.get_due_jobs(NOW)) == sorted(second)
    assert two_rooms.claiming.passed.full_executors == []


def test_so_are_runs_that_were_asked_for(two_rooms: DatabaseJobStore, both: Both) -> None:
    definition = make_definition(due=NOON.replace(year=2040), executor="processes")
    execution = request_run(definition)
    Execution.objects.update(scheduled_at=NOON)
    assert take_all(two_rooms) == []
    execution.refresh_from_db()
    assert (execution.status, execution.node) == (Status.QUEUED, "")
    both.room["processes"] = 1
    [claimed] = two_rooms.get_due_jobs(NOW)
    assert [run.execution_id for run in claimed.runs] == [execution.pk]


def test_room_that_those_in_front_no_longer_want_goes_to_those_behind(
    two_rooms: DatabaseJobStore, both: Both
) -> None:
    """Else it would stay free until something else wakes the loop."""
    gone, left = make_all(20), make_all(3, seconds=1)
    assert take_all(two_rooms) == []
    DjangoJob.objects.filter(id__in=gone).update(next_run_time=NOON.replace(year=2040))
    both.room["processes"] = 3
    assert sorted(job.id for job in take_all(two_rooms)) == sorted(left)


def test_when_the_threads_are_full_jobs_of_processes_are_taken(
    two_rooms: DatabaseJobStore, both: Both
) -> None:
    both.room = {"default": 0, "processes": 3}
    both.used.add("processes")
    make_all(40, "default")
    behind = make_all(2, seconds=1)
    assert sorted(job.id for job in take_all(two_rooms)) == sorted(behind)


def test_a_claim_takes_no_more_of_an_executor_than_it_has_room_for() -> None:
    make_all(5, "default")
    make_all(5, seconds=1)
    rooms = {"default": 2, "processes": 3}
    claims = claim(NOW, limit=100, node=NODE, busy={}, rooms=rooms)
    assert Counter(job.executor for job in claims.jobs) == {"default": 2, "processes": 3}
    assert Counter(name for name, _job in claims.no_room) == {"default": 3, "processes": 2}
    assert not Execution.objects.filter(folded__gt=0).exists()


def test_an_executor_that_this_scheduler_does_not_carry_out_has_no_room() -> None:
    make_all(2)
    claims = claim(NOON, limit=100, node=NODE, busy={}, rooms={"default": 5})
    assert (claims.jobs, len(claims.no_room)) == ([], 2)


def test_without_room_a_fire_time_is_not_skipped_and_not_missed_until_it_is_taken() -> None:
    [job_id] = make_all(1)
    CountJob.objects.update(misfire_grace_time=3_600)
    for minute in range(3):
        now = NOON + timedelta(minutes=minute)
        assert claim(now, limit=9, node=NODE, busy={}, rooms={"processes": 0}).not_run == []
    claims = claim(NOON + timedelta(minutes=3), limit=9, node=NODE, busy={}, rooms={"processes": 1})
    assert [job.id for job in claims.jobs] == [job_id]
    assert Execution.objects.get().folded == 3


def test_what_is_skipped_needs_no_room() -> None:
    [job_id] = make_all(1)
    claims = claim(NOON, limit=9, node=NODE, busy={job_id: 1}, rooms={"processes": 0})
    assert [why.status for _job, why in claims.not_run] == [Status.SKIPPED]
    assert claims.no_room == []


def test_where_jobs_are_claimed_one_by_one_there_is_no_more_room_either(
    two_rooms: DatabaseJobStore, both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_all(6)
    both.room["processes"] = 2
    both.used.add("processes")

    def refuse_batches(*args: object, only: str | None = None, **options: object) -> Claims:
        if only is None:
            raise ValueError("no batches")
        return claim(*args, only=only, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(claiming, "claim", refuse_batches)
    assert len(two_rooms.get_due_jobs(NOW)) == 2


def test_while_more_is_due_and_nothing_waits_for_room_nobody_asks_again_what_is_due(
    two_rooms: DatabaseJobStore, both: Both
) -> None:
    make_all(25, "default")
    assert len(two_rooms.get_due_jobs(NOW)) == both.room["default"]
    with CaptureQueriesContext(connection) as queries:
        assert len(two_rooms.get_due_jobs(NOW)) == both.room["default"]
    asked = [query["sql"] for query in queries if '"next_run_time" IS NOT NULL' in query["sql"]]
    assert asked == []


def test_however_many_wait_those_behind_them_are_taken_at_once(
    two_rooms: DatabaseJobStore, both: Both
) -> None:
    make_all(2_000)
    behind = make_all(5, "default", seconds=1)
    with CaptureQueriesContext(connection) as queries:
        claimed = take_all(two_rooms, most_turns=4)
    assert sorted(job.id for job in claimed) == sorted(behind)
    assert max(len(query["sql"]) for query in queries) < 20_000, "no ids of those that wait"
    both.room["processes"] = 1
    assert len(two_rooms.get_due_jobs(NOW)) == 1


# What is remembered of those that wait


def test_those_that_wait_are_looked_at_again_in_their_order_as_many_as_there_is_room_for() -> None:
    passed = PassedOver()
    for number in range(5):
        passed.wait_for_room("processes", str(number))
    passed.wait_for_room("heavy", "x")
    passed.make_room({"processes": 2, "heavy": 0})
    assert passed.condition("id")[1] in (['["2", "3", "4", "x"]'], [["2", "3", "4", "x"]])
    passed.make_room({"processes": 100})
    assert passed.full_executors == ["heavy"]
    passed.forget("x")
    passed.make_room({"heavy": 1})
    assert not passed
