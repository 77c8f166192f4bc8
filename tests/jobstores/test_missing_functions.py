"""A function that is gone, or takes other arguments: its definitions wait, and no others.

While a release is rolled out, what one scheduler knows another one may lack.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from countjobs.history.requests import request_run
from countjobs.jobstores.claims import claim
from countjobs.jobstores.store import DatabaseJobStore
from countjobs.jobstores.sync import look_again, sync
from countjobs.models import Execution, ParkedJob
from countjobs.models.executions import Status, Trigger
from tests.support.factories import (
    NOON,
    execution_of,
    make_definition,
    make_due,
    statuses,
)
from tests.support.job_rows import row_of
from tests.support.registering import (
    due_function_job,
    function_job,
    mail,
    register,
    unregister,
)
from tests.support.releases import (
    GONE,
    can_not_be_called,
    is_gone,
    takes_other_arguments,
)
from tests.support.scheduling import claim_until_idle

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("isolated_registry", "noon_clock"),
]

MINUTE = timedelta(minutes=1)


CHANGES: dict[str, tuple[Callable[[], None], str]] = {
    "it is gone": (is_gone, GONE),
    "it takes other arguments": (
        takes_other_arguments,
        "arguments: days: the function has no such parameter.",
    ),
    "it can't be called any more": (
        can_not_be_called,
        "arguments: The function can't be scheduled: “days” is of a type that a form can't show: "
        "object.",
    ),
}
changes = pytest.mark.parametrize(("change", "reason"), CHANGES.values(), ids=CHANGES)


def mended() -> None:
    unregister()
    register(mail)


# Parked, and whole again


@changes
def test_its_definitions_are_parked_when_they_are_due_and_no_others(
    change: Callable[[], None], reason: str, store: DatabaseJobStore
) -> None:
    register(mail)
    register(mail, name="other")
    broken = due_function_job(arguments={"days": 1})
    others = [due_function_job("other", function="other"), make_definition("count")]
    change()
    assert {*claim_until_idle(store)} == {each.job_id for each in others}
    parked = ParkedJob.objects.get()
    assert (parked.job_id, parked.error) == (broken.job_id, reason)
    assert row_of(broken).next_run_time is None
    assert statuses(broken.job_id) == []


@changes
def test_they_take_no_room_from_others(change: Callable[[], None], reason: str) -> None:
    register(mail)
    due_function_job(arguments={"days": 1})
    other = make_definition("count", due=NOON)
    change()
    claims = claim(NOON, limit=9, node="here:1:1", busy={}, rooms={"default": 1})
    assert [each.id for each in claims.jobs] == [other.job_id]
    assert claims.no_room == []


@changes
def test_a_request_for_it_fails_with_the_reason(
    change: Callable[[], None], reason: str, store: DatabaseJobStore
) -> None:
    register(mail)
    definition = function_job(arguments={"days": 1}, enabled=False)
    request_run(definition)
    change()
    assert claim_until_idle(store) == []
    execution = Execution.objects.get()
    assert (execution.status, execution.error) == ("failed", reason)
    assert not ParkedJob.objects.exists(), "its schedule is not due"


def test_a_retry_of_it_fails_with_the_reason(store: DatabaseJobStore) -> None:
    definition = function_job(arguments={"days": 1})
    execution_of(definition, Status.QUEUED, trigger=Trigger.RETRY, attempt=2, not_before=NOON)
    assert claim_until_idle(store) == []
    assert Execution.objects.get().status == "failed"
    assert Execution.objects.get().error.startswith(("The job is broken", GONE))


@pytest.mark.parametrize("heal", ["look_again", "sync"])
@changes
def test_it_heals_by_itself_when_the_function_is_back(
    change: Callable[[], None], reason: str, heal: str, store: DatabaseJobStore
) -> None:
    register(mail)
    definition = due_function_job(arguments={"days": 1})
    change()
    claim_until_idle(store)
    assert look_again(NOON + MINUTE) == [], "it is still so"
    assert sync(NOON + MINUTE) == []
    mended()
    if heal == "look_again":
        assert look_again(NOON + timedelta(hours=2)) != []
    else:
        assert sync(NOON + MINUTE) != []
    assert not ParkedJob.objects.exists()
    assert row_of(definition).next_run_time is not None
    make_due(definition.job_id, NOON)
    assert claim_until_idle(store) == [definition.job_id]


@changes
def test_syncjobs_parks_it_before_it_is_due(change: Callable[[], None], reason: str) -> None:
    register(mail)
    definition = function_job(arguments={"days": 1})
    make_definition("count", due=NOON + MINUTE)
    change()
    (line,) = sync(NOON)
    assert line.startswith(f"{definition.job_id} (mail): ")
    assert line.endswith(reason)
    assert ParkedJob.objects.get().job_id == definition.job_id
