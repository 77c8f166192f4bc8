"""Cancelling runs, and what that does to their chains: who comes second changes nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import translation

from countjobs.history import lifecycle
from countjobs.history.recorder import record
from countjobs.history.requests import Cancelled, cancel_run, cancel_runs, request_run
from countjobs.history.run_outcome import FollowUp, Outcome
from countjobs.jobstores.claims import claim
from countjobs.models import CountJob, Execution
from countjobs.models.executions import Status, Trigger
from tests.app.models import Team, TeamJob
from tests.support.factories import NOON, SECOND, execution_of, make_definition, make_execution

NODE = "here:1:1"

pytestmark = pytest.mark.django_db


def retrying(definition: Any = None, **fields: Any) -> tuple[Execution, Execution]:
    """A run that failed, and its next attempt, which waits."""
    definition = definition or make_definition(due=None, retries=3, **fields)
    run = execution_of(definition, Status.RUNNING, node=NODE, trigger=Trigger.SCHEDULE)
    follow_up = FollowUp(run.job_id, 1)
    record([Outcome(Status.FAILED, run.pk, NOON, NOON + SECOND, follow_up=follow_up)])
    run.refresh_from_db()
    return run, Execution.objects.get(first_attempt=run.pk)


def story(run: Execution) -> tuple[str, str, str]:
    run.refresh_from_db()
    return run.status, run.error, run.cancel_requested_by


def is_end(run: Execution) -> bool:
    return Execution.objects.ends_of_chains().filter(pk=run.pk).exists()


def test_what_waits_is_cancelled_at_once_and_who_asked_is_recorded() -> None:
    waiting = make_execution(Status.QUEUED)
    assert cancel_run(waiting.pk, requested_by="ann")
    assert story(waiting) == (Status.CANCELLED, "Cancelled by ann.", "ann")
    assert waiting.finished_at == waiting.cancel_requested_at is not None
    assert not cancel_run(waiting.pk, requested_by="bob")
    assert story(waiting) == (Status.CANCELLED, "Cancelled by ann.", "ann")


def test_what_goes_on_is_asked_to_stop_and_the_first_who_asks_is_remembered() -> None:
    going_on = make_execution(Status.RUNNING, node=NODE)
    assert cancel_run(going_on.pk, requested_by="ann")
    assert story(going_on) == (Status.RUNNING, "", "ann")
    asked_at = going_on.cancel_requested_at
    assert not cancel_run(going_on.pk, requested_by="bob")
    assert story(going_on) == (Status.RUNNING, "", "ann")
    assert going_on.cancel_requested_at == asked_at is not None


@pytest.mark.parametrize("status", [each for each in Status if each not in ("queued", "running")])
def test_what_has_ended_stays_as_it_is(status: Status) -> None:
    ended = make_execution(status, error="so", finished_at=NOON)
    assert not cancel_run(ended.pk, requested_by="ann")
    assert story(ended) == (status, "so", "")


def test_many_are_cancelled_at_once_and_counted_by_what_became_of_them() -> None:
    waiting = [make_execution(Status.QUEUED).pk for _ in range(3)]
    going_on = [make_execution(Status.RUNNING, node=NODE).pk for _ in range(2)]
    ended = make_execution(Status.SUCCEEDED, finished_at=NOON).pk
    other = make_execution(Status.QUEUED)
    assert cancel_runs([*waiting, *going_on, ended, 0, -1, 2**62]) == Cancelled(ended=3, asked=2)
    assert cancel_runs([]) == Cancelled(0, 0)
    assert story(other) == (Status.QUEUED, "", "")


def test_nobody_need_say_who_asks_and_long_or_odd_names_do_no_harm() -> None:
    first, second = make_execution(Status.QUEUED), make_execution(Status.QUEUED)
    assert cancel_run(first.pk)
    assert story(first) == (Status.CANCELLED, "Cancelled.", "")
    assert cancel_run(second.pk, requested_by="x\n" * 500)
    assert len(story(second)[2]) == 255
    assert "\n" not in second.error


def test_a_claimed_run_that_has_not_begun_can_be_cancelled_and_then_does_not_begin() -> None:
    claimed = make_execution(Status.QUEUED, node=NODE)
    assert cancel_run(claimed.pk)
    assert lifecycle.begin(NODE, [claimed.pk], NOON) == []
    assert lifecycle.put_off(NODE, [claimed.pk]) == []
    assert lifecycle.finish([lifecycle.ended(Outcome(Status.SUCCEEDED, claimed.pk))]) == []
    assert story(claimed)[0] == Status.CANCELLED


def test_a_run_that_ends_although_it_was_asked_to_stop_ends_as_it_does() -> None:
    going_on = make_execution(Status.RUNNING, node=NODE)
    cancel_run(going_on.pk, requested_by="ann")
    record([Outcome(Status.SUCCEEDED, going_on.pk)])
    assert story(going_on) == (Status.SUCCEEDED, "", "ann")
    assert lifecycle.ask_to_stop(Execution.objects.filter(pk=going_on.pk), "bob", NOON) == 0


# Chains


def test_a_waiting_attempt_that_is_cancelled_gives_the_end_back_to_the_one_before() -> None:
    run, retry = retrying()
    assert not is_end(run)
    assert cancel_run(retry.pk, requested_by="ann")
    assert story(retry)[0] == Status.CANCELLED
    assert is_end(run)


def test_only_the_link_to_what_was_cancelled_is_taken_away() -> None:
    chains = [retrying(make_definition(str(number), due=None, retries=3)) for number in range(3)]
    second = chains[0][1]
    Execution.objects.filter(pk=second.pk).update(status=Status.RUNNING, node=NODE)
    follow_up = FollowUp(second.job_id, 2)
    record([Outcome(Status.FAILED, second.pk, NOON, NOON, follow_up=follow_up)])
    third = Execution.objects.get(first_attempt=chains[0][0].pk, attempt=3)
    cancel_runs([third.pk, chains[1][1].pk])
    links = {pk: link for pk, link in Execution.objects.values_list("pk", "next_attempt") if link}
    assert links == {chains[0][0].pk: second.pk, chains[2][0].pk: chains[2][1].pk}


def test_an_attempt_that_is_cancelled_while_it_goes_on_is_the_end_itself() -> None:
    run, retry = retrying()
    Execution.objects.filter(pk=retry.pk).update(status=Status.RUNNING, node=NODE)
    cancel_run(retry.pk)
    record([Outcome(Status.CANCELLED, retry.pk, follow_up=FollowUp(run.job_id, 2))])
    assert not is_end(run)
    assert is_end(retry)


def pause(definition: CountJob) -> None:
    CountJob.objects.filter(pk=definition.pk).update(enabled=False)


def pause_by_saving(definition: CountJob) -> None:
    definition.enabled = False
    definition.save()


def pause_in_bulk(definition: CountJob) -> None:
    definition.enabled = False
    CountJob.objects.bulk_update([definition], ["enabled"])


def delete(definition: CountJob) -> None:
    definition.delete()


def delete_many(definition: CountJob) -> None:
    CountJob.objects.filter(pk=definition.pk).delete()


PAUSED, DELETED = "The job was paused.", "The job was deleted."


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (pause, PAUSED),
        (pause_by_saving, PAUSED),
        (pause_in_bulk, PAUSED),
        (delete, DELETED),
        (delete_many, DELETED),
    ],
)
def test_a_definition_that_is_paused_or_deleted_ends_what_waits(
    end: Callable[[CountJob], None], reason: str
) -> None:
    definition = make_definition(retries=3)
    run, retry = retrying(definition)
    other, other_retry = retrying(make_definition("other", retries=3))
    with translation.override("ja"):  # whoever does it: reasons are in the installation's language
        end(definition)
    assert story(retry) == (Status.CANCELLED, reason, "")
    assert is_end(run)
    assert story(other_retry)[0] == Status.QUEUED
    assert not is_end(other)


def test_a_definition_that_is_deleted_with_something_else_ends_what_waits_too() -> None:
    team = Team.objects.create()
    run, retry = retrying(TeamJob.objects.create(name="of a team", team=team, retries=3))
    team.delete()
    assert story(retry) == (Status.CANCELLED, DELETED, "")
    assert is_end(run)


def test_other_edits_leave_what_waits_alone() -> None:
    definition = make_definition(retries=3)
    _run, retry = retrying(definition)
    definition.retries, definition.minute = 0, "5"
    definition.save()
    assert story(retry)[0] == Status.QUEUED


def test_pausing_leaves_alone_what_was_asked_for_and_what_goes_on() -> None:
    definition = make_definition(retries=3)
    asked = request_run(definition)
    going_on = execution_of(definition, Status.RUNNING, node=NODE, trigger=Trigger.RETRY)
    claimed = execution_of(
        definition, Status.QUEUED, node=NODE, trigger=Trigger.RETRY, not_before=NOON
    )
    pause(definition)
    statuses = [story(run)[0] for run in (asked, going_on, claimed)]
    assert statuses == [Status.QUEUED, Status.RUNNING, Status.QUEUED]


def test_an_attempt_queued_just_after_the_pause_is_cancelled_when_it_is_due() -> None:
    """Whoever recorded the failure had read the rules a moment before."""
    definition = make_definition(due=None, retries=3)
    run, retry = retrying(definition)
    CountJob._base_manager.filter(pk=definition.pk).update(enabled=False)
    Execution.objects.filter(pk=retry.pk).update(not_before=NOON)
    assert not claim(NOON, limit=10, node=NODE, busy={}).jobs
    assert story(retry) == (Status.CANCELLED, PAUSED, "")
    assert is_end(run)


def test_a_definition_deleted_behind_our_back_ends_its_attempt_when_it_is_due() -> None:
    run, retry = retrying()
    Execution.objects.filter(pk=retry.pk).update(job_id="countjobs.countjob:999", not_before=NOON)
    assert not claim(NOON, limit=10, node=NODE, busy={}).jobs
    assert story(retry) == (Status.CANCELLED, DELETED, "")
    assert is_end(run)


# Two at the same time


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", ["claim", "cancel"])
def test_of_a_claim_and_a_cancel_that_meet_one_wins(first: str) -> None:
    _run, retry = retrying()
    Execution.objects.filter(pk=retry.pk).update(not_before=NOON)
    in_between, done = threading.Event(), threading.Event()

    def second() -> None:
        assert in_between.wait(60)
        try:
            if first == "claim":
                cancel_run(retry.pk)
            else:
                claim(NOON, limit=10, node=NODE, busy={})
        finally:
            connection.close()
            done.set()

    thread = threading.Thread(target=second)
    thread.start()
    with transaction.atomic():
        if first == "claim":
            assert claim(NOON, limit=10, node=NODE, busy={}).jobs
        else:
            assert cancel_run(retry.pk)
        in_between.set()
        if first == "cancel" and connection.features.has_select_for_update_skip_locked:
            assert done.wait(60), "a claim waits for nobody"
    assert done.wait(60)
    thread.join(60)
    assert story(retry)[0] == Status.CANCELLED
    assert lifecycle.begin(NODE, [retry.pk], NOON) == []


# Requests


def test_a_definition_can_be_given_instead_of_its_id_and_its_name_is_looked_up() -> None:
    definition = make_definition("nightly")
    by_object, by_id = request_run(definition), request_run(definition.job_id)
    assert {(each.job_id, each.job_name) for each in (by_object, by_id)} == {
        (definition.job_id, "nightly")
    }
    assert request_run(definition, "other").job_name == "other"
    assert request_run("code").job_name == "code"
    assert request_run("countjobs.countjob:0").job_name == "countjobs.countjob:0"


def test_a_definition_that_was_not_saved_can_not_be_asked_for() -> None:
    with pytest.raises(ValueError, match="Save the definition first"):
        request_run(CountJob(name="new"))
    assert not Execution.objects.exists()
