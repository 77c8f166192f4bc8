"""Making the job store agree again, whatever somebody did to the tables by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from apscheduler.triggers.base import BaseTrigger
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django_apscheduler.models import DjangoJob
from pytest_django import Settings

from countjobs.jobstores.rows import write_rows
from countjobs.jobstores.signing import seal, unseal
from countjobs.jobstores.sync import sync
from countjobs.models import CountJob, Execution, ParkedJob
from tests.support.factories import (
    NOON,
    code_job,
    make_definition,
    make_definitions,
    make_execution,
    store_job,
)
from tests.support.job_rows import row

MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.django_db


class FaultyTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        raise RuntimeError("out of order")


def sql(statement: str, *params: Any) -> None:
    """Change a table behind the app's back."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def park(job_id: str) -> None:
    DjangoJob.objects.filter(id=job_id).update(next_run_time=None)
    ParkedJob.objects.create(job_id=job_id, error="ModuleNotFoundError: it", parked_at=NOON)


def test_a_job_store_that_agrees_is_left_alone() -> None:
    make_definition("definition")
    store_job(code_job())
    before = list(DjangoJob.objects.order_by("id").values())
    assert sync(NOON) == []
    assert list(DjangoJob.objects.order_by("id").values()) == before


def test_promise_03_a_schedule_that_was_edited_in_the_table_is_followed() -> None:
    definition = make_definition("hourly", due=None)
    sql("UPDATE countjobs_countjob SET minute = '30'")
    [line] = sync(NOON)
    assert line.startswith(f"{definition.job_id} (hourly): next run at 2026-03-04 12:30")
    assert row(definition.job_id).next_run_time == NOON + 30 * MINUTE
    assert sync(NOON) == []


def test_a_definition_that_was_inserted_into_the_table_gets_its_row() -> None:
    definition = make_definition(due=None)
    DjangoJob.objects.all().delete()
    assert len(sync(NOON)) == 1
    assert row(definition.job_id).next_run_time == NOON + MINUTE
    assert sync(NOON) == []


def test_a_definition_that_was_disabled_in_the_table_is_paused() -> None:
    definition = make_definition("hourly")
    sql("UPDATE countjobs_countjob SET enabled = %s", False)
    assert sync(NOON) == [f"{definition.job_id} (hourly): paused"]
    assert row(definition.job_id).next_run_time is None
    assert sync(NOON) == []


def test_promise_10_the_row_of_a_definition_that_was_deleted_goes_and_its_history_stays() -> None:
    definition = make_definition()
    make_execution(job_id=definition.job_id)
    sql("DELETE FROM countjobs_countjob")
    assert sync(NOON) == [f"{definition.job_id}: deleted, because its definition is gone"]
    assert not DjangoJob.objects.exists()
    assert Execution.objects.count() == 1
    assert sync(NOON) == []


def test_a_broken_job_whose_row_was_deleted_is_no_longer_told_of() -> None:
    store_job(code_job("kept", trigger=FaultyTrigger()))
    park("kept")
    park("gone")
    sync(NOON)
    assert sync(NOON) == []
    assert [parked.job_id for parked in ParkedJob.objects.all()] == ["kept"]
    park("gone")
    assert sync(NOON) == [
        "gone: no longer listed as broken, because its row in the job store is gone"
    ]


def test_a_definition_that_is_created_meanwhile_keeps_its_row() -> None:
    make_definition("first")
    original = QuerySet.values_list

    def create_then(self: Any, *args: Any, **kwargs: Any) -> Any:
        found: Any = original(self, *args, **kwargs)
        if self.model is CountJob:
            found = list(found)
            CountJob.objects.get_or_create(name="second")
        return found

    with patch.object(QuerySet, "values_list", create_then):
        assert sync(NOON) == []
    assert DjangoJob.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_promise_24_what_agrees_is_neither_locked_nor_written() -> None:
    make_definitions(3)
    store_job(code_job())
    with CaptureQueriesContext(connection) as queries:
        assert sync(NOON) == []
    assert {query["sql"].split()[0] for query in queries} == {"SELECT"}
    assert not [query for query in queries if "FOR UPDATE" in query["sql"]]


@pytest.mark.django_db(transaction=True)
def test_promise_24_it_lets_others_write_between_its_batches() -> None:
    CountJob.objects.bulk_create(CountJob(name=f"job {number}") for number in range(1_001))
    CountJob._base_manager.update(hour="7")
    batches = []

    def watch(*args: Any, **kwargs: Any) -> Any:
        batches.append(connection.in_atomic_block)
        return write_rows(*args, **kwargs)

    with patch("countjobs.jobstores.sync.write_rows", watch):
        assert len(sync(NOON)) == 1_001
    assert not any(batches), "all of it is one transaction"


def test_a_tampered_state_is_written_anew_from_the_definition() -> None:
    definition = make_definition(due=None)
    DjangoJob.objects.update(job_state=b"tampered")
    assert len(sync(NOON)) == 1
    assert unseal(definition.job_id, bytes(row(definition.job_id).job_state))
    assert sync(NOON) == []


def test_a_definition_that_was_broken_in_the_table_is_parked_until_it_is_mended() -> None:
    definition = make_definition("hourly", due=None)
    sql("UPDATE countjobs_countjob SET hour = '25'")
    assert len(sync(NOON)) == 1
    assert "hour" in ParkedJob.objects.get().error
    assert row(definition.job_id).next_run_time is None
    assert sync(NOON) == []
    sql("UPDATE countjobs_countjob SET hour = '13'")
    assert len(sync(NOON)) == 1
    assert not ParkedJob.objects.exists()
    assert row(definition.job_id).next_run_time == NOON + 60 * MINUTE


def test_promise_02_a_job_from_code_that_can_not_be_restored_is_parked_not_deleted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state = bytes(store_job(code_job("code")).job_state)
    monkeypatch.delattr("tests.support.factories.work")
    [line] = sync(NOON)
    assert line.startswith("code: broken, ")
    assert (row("code").next_run_time, bytes(row("code").job_state)) == (None, state)
    assert ParkedJob.objects.get().job_id == "code"
    assert sync(NOON) == []


def test_a_parked_job_from_code_goes_on_once_it_can_be_restored() -> None:
    store_job(code_job("code"))
    park("code")
    assert sync(NOON + MINUTE) == ["code: mended, next run at 2026-03-04 12:01:00+00:00"]
    assert row("code").next_run_time == NOON + MINUTE
    assert not ParkedJob.objects.exists()
    assert sync(NOON + MINUTE) == []


def test_promise_11_one_that_was_paused_before_it_broke_stays_paused() -> None:
    store_job(code_job("code", next_run_time=None))
    park("code")
    sync(NOON)
    assert not ParkedJob.objects.exists()
    assert row("code").next_run_time is None


def test_a_paused_job_from_code_stays_paused() -> None:
    store_job(code_job("code"), due=None)
    assert sync(NOON) == []
    assert row("code").next_run_time is None


def test_a_trigger_that_raises_stays_parked_and_keeps_nobody_from_starting() -> None:
    store_job(code_job("code", trigger=FaultyTrigger()))
    park("code")
    assert sync(NOON) == ["code: broken, RuntimeError: out of order"]
    assert row("code").next_run_time is None
    assert sync(NOON) == []


def test_after_a_new_secret_key_definitions_are_sealed_again(settings: Settings) -> None:
    definition = make_definition(due=None)
    settings.SECRET_KEY = "another " * 10
    assert len(sync(NOON)) == 1
    assert unseal(definition.job_id, bytes(row(definition.job_id).job_state))
    settings.SECRET_KEY_FALLBACKS = []
    assert sync(NOON) == []


def test_rows_of_definitions_are_not_locked_as_jobs_from_code() -> None:
    make_definitions(3)
    with CaptureQueriesContext(connection) as queries:
        sync(NOON)
    whole = [query["sql"] for query in queries if "django_apscheduler" in query["sql"]]
    assert all("WHERE" in statement for statement in whole)


def test_a_job_that_is_mended_is_sealed_as_it_was() -> None:
    job = code_job("code")
    store_job(job)
    park("code")
    sync(NOON)
    assert bytes(row("code").job_state) == seal(job)
