"""Jobs that code adds, changes, pauses and removes through a scheduler."""

from __future__ import annotations

from typing import Any

import pytest
from apscheduler.jobstores.base import ConflictingIdError, JobLookupError
from django.utils import timezone
from django_apscheduler.models import DjangoJob

from countjobs.jobstores.store import DatabaseJobStore
from countjobs.models import Execution, ParkedJob
from countjobs.schedulers import create_scheduler
from countjobs.signals import Change, job_mended
from tests.support.factories import (
    NOON,
    SECOND,
    code_job,
    every,
    make_definition,
    make_execution,
    store_job,
    work,
)
from tests.support.job_rows import row
from tests.support.still_scheduler import IdleScheduler

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("store")
def test_a_job_that_code_adds_is_stored_and_found_again(scheduler: IdleScheduler) -> None:
    added = scheduler.add_job(work, every(60), args=[1], kwargs={"a": 2}, id="code", name="Work")
    found = scheduler.get_job("code")
    assert (found.args, found.kwargs, found.name) == ((1,), {"a": 2}, "Work")
    assert found.next_run_time == added.next_run_time == row().next_run_time


@pytest.mark.usefixtures("store")
def test_an_id_that_is_taken_is_refused_or_replaced(scheduler: IdleScheduler) -> None:
    scheduler.add_job(work, every(60), id="code")
    with pytest.raises(ConflictingIdError):
        scheduler.add_job(work, every(60), id="code")
    scheduler.add_job(work, every(60), id="code", name="New", replace_existing=True)
    assert scheduler.get_job("code").name == "New"


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("job_id", ["countjobs.countjob:x", "Countjobs.CountJob:1", "app.gate:"])
def test_an_id_that_only_a_definition_may_have_is_refused(
    scheduler: IdleScheduler, job_id: str, replace: bool
) -> None:
    with pytest.raises(ValueError, match=f"'{job_id}' is reserved for a definition"):
        scheduler.add_job(work, every(60), id=job_id, replace_existing=replace)
    assert not DjangoJob.objects.exists()


@pytest.mark.usefixtures("store")
def test_a_job_from_code_can_not_take_the_place_of_a_definition(scheduler: IdleScheduler) -> None:
    definition = make_definition()
    state = bytes(row(definition.job_id).job_state)
    with pytest.raises(ValueError, match="belong to CountJob"):
        scheduler.add_job(work, every(60), id=definition.job_id, replace_existing=True)
    assert bytes(row(definition.job_id).job_state) == state


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("job_id", ["countjobs.countjob", "countjobs.count:1", "x:1", "count"])
def test_other_ids_are_anybodys(scheduler: IdleScheduler, job_id: str) -> None:
    assert scheduler.add_job(work, every(60), id=job_id).id == job_id


def test_before_the_start_too_an_id_of_a_definition_is_refused_at_once() -> None:
    scheduler = create_scheduler(background=True)
    with pytest.raises(ValueError, match="is reserved for a definition"):
        scheduler.add_job(work, every(60), id="countjobs.countjob:1")
    assert scheduler.get_jobs() == []


@pytest.mark.usefixtures("store")
def test_promise_11_a_paused_job_stays_paused_until_it_is_resumed(
    scheduler: IdleScheduler,
) -> None:
    scheduler.add_job(work, every(60), id="code")
    scheduler.pause_job("code")
    assert row().next_run_time is None
    scheduler.modify_job("code", name="Renamed")
    assert row().next_run_time is None
    scheduler.resume_job("code")
    assert row().next_run_time > timezone.now()


@pytest.mark.usefixtures("store")
def test_a_job_is_rescheduled_and_removed(scheduler: IdleScheduler) -> None:
    scheduler.add_job(work, every(60), id="code")
    scheduler.reschedule_job("code", trigger=every(3_600, NOON.replace(year=2030)))
    assert row().next_run_time == NOON.replace(year=2030)
    ParkedJob.objects.create(job_id="code", error="once", parked_at=NOON)
    make_execution(job_id="code")
    scheduler.remove_job("code")
    assert not DjangoJob.objects.exists()
    assert not ParkedJob.objects.exists()
    assert Execution.objects.count() == 1
    with pytest.raises(JobLookupError):
        scheduler.remove_job("code")


@pytest.mark.usefixtures("store")
def test_a_broken_job_that_code_replaces_is_told_as_mended(scheduler: IdleScheduler) -> None:
    told: list[Change] = []

    def note(changes: list[Change], **_: Any) -> None:
        told.extend(changes)

    scheduler.add_job(work, every(60), id="code")
    ParkedJob.objects.create(job_id="code", error="once", parked_at=NOON)
    job_mended.connect(note)
    scheduler.add_job(work, every(60), id="code", replace_existing=True)
    job_mended.disconnect(note)
    assert told == [Change("code", since=NOON, reason="once")]


@pytest.mark.usefixtures("store")
def test_all_jobs_that_are_removed_are_those_from_code(scheduler: IdleScheduler) -> None:
    definition = make_definition()
    make_execution(job_id="code")
    for job_id in ("code", "broken"):
        scheduler.add_job(work, every(60), id=job_id)
    ParkedJob.objects.create(job_id="broken", error="once", parked_at=NOON)
    scheduler.remove_all_jobs()
    assert [job.id for job in DjangoJob.objects.all()] == [definition.job_id]
    assert not ParkedJob.objects.exists()
    assert Execution.objects.count() == 1


def test_a_job_that_is_gone_can_not_be_updated(store: DatabaseJobStore) -> None:
    with pytest.raises(JobLookupError):
        store.update_job(code_job())


def test_promise_02_a_job_that_can_not_be_restored_is_not_found_and_not_deleted(
    scheduler: IdleScheduler, store: DatabaseJobStore
) -> None:
    store_job(code_job("broken"))
    DjangoJob.objects.update(job_state=b"tampered")
    store_job(code_job("sound"))
    assert scheduler.get_job("broken") is None
    assert [job.id for job in store.get_all_jobs()] == ["sound"]
    assert DjangoJob.objects.count() == 2


def test_paused_jobs_are_listed_last(store: DatabaseJobStore) -> None:
    store_job(code_job("a"), due=None)
    store_job(code_job("b"), due=NOON + SECOND)
    store_job(code_job("c"), due=NOON)
    assert [job.id for job in store.get_all_jobs()] == ["c", "b", "a"]
