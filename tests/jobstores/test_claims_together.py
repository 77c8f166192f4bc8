"""Two schedulers that claim at the same time never both take a fire time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django_apscheduler.models import DjangoJob

from countjobs.history.recorder import record
from countjobs.history.requests import request_run, request_runs
from countjobs.history.run_outcome import Outcome
from countjobs.jobstores.claims import claim
from countjobs.models import Execution
from countjobs.models.executions import Status
from tests.support.factories import NOON, make_definition, make_definitions, make_execution

pytestmark = pytest.mark.django_db(transaction=True)


def in_threads(calls: list[Callable[[], list[str]]]) -> list[list[str]]:
    """Call each in a thread with a connection of its own, all of them at once."""
    together = threading.Barrier(len(calls), timeout=60)

    def carry_out(call: Callable[[], list[str]]) -> list[str]:
        try:
            connection.ensure_connection()
            together.wait()
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(carry_out, calls))


def claiming(node: str, limit: int) -> Callable[[], list[str]]:
    """Claim batches until there is nothing more, and give the ids of the jobs."""

    def claim_batches() -> list[str]:
        taken: list[str] = []
        while jobs := claim(NOON, limit=limit, node=node, busy={}).jobs:
            taken += [job.id for job in jobs]
        return taken

    return claim_batches


@pytest.mark.parametrize("limit", [7, 500])
def test_promise_01_two_schedulers_never_both_claim_a_fire_time(limit: int) -> None:
    definitions = make_definitions(150)
    taken = in_threads([claiming("a:1:1", limit), claiming("b:2:2", limit)])
    assert sorted(taken[0] + taken[1]) == sorted(each.job_id for each in definitions)
    assert Execution.objects.count() == 150
    assert not DjangoJob.objects.filter(next_run_time__lte=NOON).exists()


def test_nor_a_run_that_was_asked_for() -> None:
    definitions = make_definitions(50, due=NOON.replace(year=2040))
    request_runs((each.job_id, each.name) for each in definitions)
    Execution.objects.update(scheduled_at=NOON)
    taken = in_threads([claiming("a:1:1", 7), claiming("b:2:2", 7)])
    assert sorted(taken[0] + taken[1]) == sorted(each.job_id for each in definitions)


def test_promise_24_claims_requests_and_outcomes_that_are_written_at_once_wait_their_turn() -> None:
    definitions = make_definitions(60)
    running = [make_execution(Status.RUNNING, job_id="code").pk for _ in range(60)]

    def request() -> list[str]:
        return [request_run(each.job_id, each.name).job_id for each in definitions]

    def report() -> list[str]:
        for pk in running:
            record([Outcome(Status.SUCCEEDED, pk)])
        return []

    claimed, asked, _ = in_threads([claiming("a:1:1", 3), request, report])
    assert len(asked) == 60
    assert set(claimed) == set(asked)
    assert Execution.objects.filter(job_id="code", status=Status.SUCCEEDED).count() == 60


def claim_beside_a_lock(lock: Callable[[], object]) -> list[str]:
    """What a second connection can claim while this one holds a lock."""
    if not connection.features.has_select_for_update_skip_locked:
        pytest.skip("This database has no SKIP LOCKED: one scheduler waits for the other.")
    with transaction.atomic():
        lock()
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(in_threads, [claiming("b:2:2", 10)]).result(timeout=60)[0]


def test_promise_14_what_another_scheduler_has_locked_is_passed_over() -> None:
    locked, free = make_definition("locked"), make_definition("free")
    rows = DjangoJob.objects.select_for_update().filter(id=locked.job_id)
    assert claim_beside_a_lock(lambda: list(rows)) == [free.job_id]


def test_a_request_whose_job_is_locked_is_left_for_later() -> None:
    definition = make_definition(due=NOON.replace(year=2040))
    execution = make_execution(Status.QUEUED, job_id=definition.job_id)
    rows = DjangoJob.objects.select_for_update().filter(id=definition.job_id)
    assert claim_beside_a_lock(lambda: list(rows)) == []
    execution.refresh_from_db()
    assert (execution.status, execution.node) == (Status.QUEUED, "")


def test_a_claim_that_fails_leaves_everything_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    definition = make_definition()

    def fail(*args: object) -> None:
        raise RuntimeError("in the midst of it")

    monkeypatch.setattr("countjobs.jobstores.claims.park", fail)
    with pytest.raises(RuntimeError, match="midst"):
        claim(NOON, limit=10, node="a:1:1", busy={})
    assert not Execution.objects.exists()
    assert DjangoJob.objects.get(id=definition.job_id).next_run_time == NOON
