"""What becomes of a fire time while an earlier run goes on: skipped, waiting, or replacing."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_apscheduler.models import DjangoJob

from countjobs.history import lifecycle
from countjobs.history.recorder import record
from countjobs.history.requests import cancel_run, request_run
from countjobs.history.run_outcome import Outcome
from countjobs.jobstores.claims import Claims, claim
from countjobs.jobstores.store import LOCKED_ELSEWHERE, DatabaseJobStore
from countjobs.models import CountJob, Execution
from countjobs.models.executions import Status, Trigger
from countjobs.schedulers.lost_runs import settle
from tests.support.factories import NOON, SECOND, execution_of, make_definition, make_due

NODE = "here:1:1"
ELSEWHERE = "elsewhere:2:2"
MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.django_db


def claim_at(now: datetime = NOON, node: str = NODE) -> Claims:
    """What a scheduler claims that knows what it has going on."""
    own = Execution.objects.active().filter(node=node)
    busy = Counter(own.values_list("job_id", flat=True))
    return claim(now, limit=10, node=node, busy=busy)


def begin(node: str = NODE, now: datetime = NOON) -> list[int]:
    """Begin all that a scheduler has claimed."""
    queued = Execution.objects.active().filter(node=node, status=Status.QUEUED)
    return lifecycle.begin(node, list(queued.values_list("pk", flat=True)), now)


def end(pks: list[int], status: Status = Status.SUCCEEDED) -> None:
    record([Outcome(status, pk, NOON, NOON) for pk in pks])


def taken(claims: Claims) -> list[datetime]:
    return [run.scheduled_at for job in claims.jobs for run in job.runs]


def rows(definition: CountJob) -> list[tuple[datetime, str, int]]:
    found = Execution.objects.filter(job_id=definition.job_id).order_by("scheduled_at", "pk")
    return list(found.values_list("scheduled_at", "status", "folded"))


def replacing(**fields: Any) -> CountJob:
    return make_definition(overlap="replace", executor="processes", **fields)


def test_as_before_a_fire_time_is_skipped_while_an_earlier_run_goes_on() -> None:
    definition = make_definition()
    claim_at()
    begin()
    claims = claim_at(NOON + MINUTE, ELSEWHERE)
    assert [why.status for _job, why in claims.not_run] == [Status.SKIPPED]
    assert [status for _at, status, _folded in rows(definition)] == ["running", "skipped"]


def test_one_run_waits_and_stands_for_the_fire_times_after_it() -> None:
    definition = make_definition(overlap="wait")
    claim_at()
    going_on = begin()
    for minute in range(1, 6):
        claims = claim_at(NOON + minute * MINUTE, NODE if minute % 2 else ELSEWHERE)
        assert (claims.jobs, claims.not_run) == ([], [])
    assert rows(definition) == [(NOON, "running", 0), (NOON + MINUTE, "queued", 4)]
    waits = Execution.objects.get(status=Status.QUEUED)
    assert (waits.node, waits.trigger) == ("", Trigger.SCHEDULE)
    end(going_on)
    assert taken(claim_at(NOON + 5 * MINUTE, ELSEWHERE)) == [NOON + MINUTE]
    assert rows(definition)[1:] == [(NOON + MINUTE, "queued", 4)]


def test_downtime_while_a_run_goes_on_is_counted_in_the_one_that_waits() -> None:
    definition = make_definition(overlap="wait")
    claim_at()
    begin()
    claim_at(NOON + 10 * MINUTE)
    assert rows(definition)[1:] == [(NOON + 10 * MINUTE, "queued", 9)]
    claim_at(NOON + 15 * MINUTE)
    assert rows(definition)[1:] == [(NOON + 10 * MINUTE, "queued", 14)]


@pytest.mark.parametrize("coalesce", [True, False])
def test_while_the_one_that_waited_runs_the_next_one_waits(coalesce: bool) -> None:
    definition = make_definition(overlap="wait", coalesce=coalesce)
    claim_at()
    going_on = begin()
    claim_at(NOON + MINUTE)
    end(going_on)
    claim_at(NOON + MINUTE, ELSEWHERE)
    begin(ELSEWHERE)
    claim_at(NOON + 2 * MINUTE)
    assert [status for _at, status, _folded in rows(definition)] == [
        "succeeded",
        "running",
        "queued",
    ]


def test_the_one_that_waits_and_a_fire_time_that_is_due_when_it_may_begin() -> None:
    definition = make_definition(overlap="wait")
    claim_at()
    going_on = begin()
    claim_at(NOON + MINUTE)
    end(going_on)
    assert taken(claim_at(NOON + 2 * MINUTE)) == [NOON + MINUTE]
    assert rows(definition) == [
        (NOON, "succeeded", 0),
        (NOON + MINUTE, "queued", 0),
        (NOON + 2 * MINUTE, "queued", 0),
    ]


def test_the_loop_sleeps_while_a_run_waits_and_wakes_when_it_may_begin(
    store: DatabaseJobStore,
) -> None:
    make_definition(overlap="wait")
    claim_at(NOON, ELSEWHERE)
    going_on = begin(ELSEWHERE)
    assert store.get_due_jobs(NOON + MINUTE) == []
    wakes = store.get_next_run_time()
    assert wakes is not None
    assert wakes >= NOON + 2 * MINUTE
    end(going_on)
    wakes = store.get_next_run_time()
    assert wakes is not None
    assert wakes <= timezone.now() + LOCKED_ELSEWHERE
    [claimed] = store.get_due_jobs(NOON + MINUTE + SECOND)
    assert [run.scheduled_at for run in claimed.runs] == [NOON + MINUTE]


def test_it_begins_also_after_the_scheduler_of_the_first_run_died() -> None:
    definition = make_definition(overlap="wait")
    claim_at(NOON, ELSEWHERE)
    begin(ELSEWHERE)
    claim_at(NOON + MINUTE)
    settle(ELSEWHERE, "It is gone.", NOON + MINUTE)
    assert taken(claim_at(NOON + MINUTE)) == [NOON + MINUTE]
    assert [status for _at, status, _folded in rows(definition)] == ["lost", "queued"]


def test_a_lost_run_that_is_run_again_goes_before_the_one_that_waits() -> None:
    make_definition(overlap="wait", rerun_if_lost=True)
    claim_at(NOON, ELSEWHERE)
    begin(ELSEWHERE)
    claim_at(NOON + MINUTE)
    settle(ELSEWHERE, "It is gone.", NOON + MINUTE)
    assert taken(claim_at(NOON + MINUTE + SECOND)) == [NOON, NOON + MINUTE]


def test_one_whose_own_scheduler_died_before_it_began_waits_for_another() -> None:
    definition = make_definition(overlap="wait")
    claim_at()
    going_on = begin()
    claim_at(NOON + MINUTE)
    end(going_on)
    claim_at(NOON + MINUTE, ELSEWHERE)
    settle(ELSEWHERE, "It is gone.", NOON + MINUTE)
    assert taken(claim_at(NOON + MINUTE + SECOND)) == [NOON + MINUTE]
    assert len(rows(definition)) == 2


def test_a_run_that_waits_can_be_cancelled_and_the_next_fire_time_waits_then() -> None:
    definition = make_definition(overlap="wait")
    claim_at()
    begin()
    claim_at(NOON + MINUTE)
    assert cancel_run(Execution.objects.get(status=Status.QUEUED).pk)
    claim_at(NOON + 2 * MINUTE)
    assert rows(definition)[1:] == [
        (NOON + MINUTE, "cancelled", 0),
        (NOON + 2 * MINUTE, "queued", 0),
    ]


def test_it_waits_for_a_run_that_was_asked_for_too() -> None:
    definition = make_definition(overlap="wait")
    asked = request_run(definition)
    Execution.objects.update(scheduled_at=NOON - MINUTE)
    claim_at(NOON - SECOND)
    assert begin() == [asked.pk]
    claim_at()
    assert rows(definition)[1:] == [(NOON, "queued", 0)]


def test_many_jobs_that_wait_take_no_more_statements_than_one() -> None:
    def statements(definitions: list[CountJob], minute: int) -> int:
        DjangoJob.objects.update(next_run_time=NOON.replace(year=2040))
        for each in definitions:
            make_due(each.job_id, NOON + minute * MINUTE)
        with CaptureQueriesContext(connection) as captured:
            claim(NOON + minute * MINUTE, limit=100, node=NODE, busy={})
        return len(captured)

    waits, one, *many = [make_definition(str(number), overlap="wait") for number in range(20)]
    for each in (waits, one, *many):
        execution_of(each, Status.RUNNING, node=ELSEWHERE)
    statements([waits], 0)
    assert statements([one], 1) == statements(many, 1), "they begin to wait"
    assert statements([one], 2) == statements(many, 2), "they wait already"
    assert Execution.objects.filter(status=Status.QUEUED).count() == 20


def test_a_run_that_waits_takes_no_room_from_others() -> None:
    busy, other = make_definition("busy", overlap="wait"), make_definition("other")
    claims = claim(NOON, limit=10, node=NODE, busy={busy.job_id: 1}, rooms={"default": 1})
    assert [job.id for job in claims.jobs] == [other.job_id]
    assert rows(busy) == [(NOON, "queued", 0)]


def test_a_fire_time_that_was_claimed_before_is_not_counted_again() -> None:
    """A clock was set back: the row is due again, and its run waits already."""
    definition = make_definition(overlap="wait")
    claim_at()
    begin()
    claim_at(NOON + MINUTE)
    make_due(definition.job_id, NOON + MINUTE)
    claim_at(NOON + MINUTE)
    assert rows(definition)[1:] == [(NOON + MINUTE, "queued", 0)]


def test_the_later_run_that_begins_after_its_wait_ends_an_attempt_that_waits() -> None:
    definition = make_definition(overlap="wait", retries=1)
    claim_at()
    going_on = begin()
    claim_at(NOON + MINUTE)
    retry = execution_of(
        definition, Status.QUEUED, trigger=Trigger.RETRY, not_before=NOON + 9 * MINUTE, attempt=2
    )
    end(going_on)
    assert taken(claim_at(NOON + MINUTE)) == [NOON + MINUTE]
    retry.refresh_from_db()
    assert (retry.status, retry.error) == (Status.CANCELLED, "A later run of the job has begun.")


# Replace


def test_a_run_that_is_replaced_is_asked_to_stop_and_the_next_one_waits_for_its_end() -> None:
    definition = replacing()
    claim_at()
    going_on = begin()
    claims = claim_at(NOON + MINUTE, ELSEWHERE)
    assert (claims.jobs, claims.not_run) == ([], [])
    run = Execution.objects.get(pk=going_on[0])
    assert (run.status, run.cancel_requested_at) == (Status.RUNNING, NOON + MINUTE)
    assert run.cancel_requested_by == "the next run (overlap: replace)"
    assert claim_at(NOON + MINUTE, ELSEWHERE) == Claims()
    claim_at(NOON + 2 * MINUTE)
    run.refresh_from_db()
    assert run.cancel_requested_at == NOON + MINUTE, "who asked first is remembered"
    end(going_on, Status.CANCELLED)
    assert taken(claim_at(NOON + 2 * MINUTE)) == [NOON + MINUTE]
    assert rows(definition)[1:] == [(NOON + MINUTE, "queued", 1)]


def test_only_the_runs_of_the_job_itself_are_replaced() -> None:
    definition, other = replacing(), make_definition("other", overlap="wait")
    claim_at()
    begin()
    claim_at(NOON + MINUTE)
    asked = Execution.objects.filter(cancel_requested_at__isnull=False)
    assert [run.job_id for run in asked] == [definition.job_id]
    assert len(rows(other)) == 2


def test_where_a_second_run_may_go_on_beside_it_none_is_replaced() -> None:
    definition = replacing(max_instances=2)
    claim_at()
    begin()
    assert taken(claim_at(NOON + MINUTE)) == [NOON + MINUTE]
    assert not Execution.objects.filter(cancel_requested_at__isnull=False).exists()
    assert len(rows(definition)) == 2
