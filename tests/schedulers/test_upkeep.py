"""A look at the job store now and then: what vanished is there again, what is whole goes on."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_apscheduler.models import DjangoJob

from countjobs.models import CountJob, ParkedJob
from countjobs.models.kinds import concrete_definitions
from countjobs.schedulers.upkeep import AT_LEAST_EVERY, Upkeep
from tests.app.models import Greeting, Label
from tests.support.factories import NOON, code_job, make_definition, make_definitions, store_job
from tests.support.table_faults import renamed

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("noon_clock")]

MINUTE = timedelta(minutes=1)


def raw(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_rows_that_vanished_are_written_again(caplog: pytest.LogCaptureFixture) -> None:
    """Issue 8, line 3: a plain django-apscheduler deletes what it can't restore."""
    kept, *gone = make_definitions(3)
    label = Label.objects.create(name="with a key of text", slug="a:b")
    ids = [each.job_id for each in (*gone, label)]
    DjangoJob.objects.filter(id__in=ids).delete()
    Upkeep().look()
    there = dict(DjangoJob.objects.values_list("id", "next_run_time"))
    assert there == {kept.job_id: NOON} | dict.fromkeys(ids, NOON + MINUTE)
    assert caplog.text.count("Mended the job store: ") == 3


def test_where_all_is_well_each_kind_costs_one_query_and_nothing_is_locked() -> None:
    """Issue 8, line 3: it only counts."""
    make_definitions(30)
    with CaptureQueriesContext(connection) as captured:
        Upkeep().look()
    # Parked, kinds told, strangers, executors, failing jobs, the hold, watched jobs, and where an
    # index shows troubles: overdue, unfinished, missed, skipped, cancelled.
    assert len(captured) == len(concrete_definitions()) + 12
    assert "FOR UPDATE" not in str(captured.captured_queries)


def test_an_orphan_hides_a_missing_row_for_some_looks_only() -> None:
    orphan, missing = make_definition("orphan"), make_definition("missing")
    raw(f"DELETE FROM countjobs_countjob WHERE id = {orphan.pk}")
    DjangoJob.objects.filter(id=missing.job_id).delete()
    looks = Upkeep()
    for _ in range(AT_LEAST_EVERY):
        looks.look()
    assert DjangoJob.objects.filter(id=missing.job_id).exists()


def test_a_kind_whose_table_is_at_fault_keeps_no_other_from_being_looked_at(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Issue 8, line 1."""
    definition = make_definition()
    Greeting.objects.create(name="hello", greeted="you")
    DjangoJob.objects.all().delete()
    looks = Upkeep()
    with renamed("app_greeting", "greeted"):
        looks.look()
        looks.look()
        assert list(DjangoJob.objects.values_list("id", flat=True)) == [definition.job_id]
        assert caplog.text.count("The job store can't be checked now: ") == 1
    looks.look()
    assert DjangoJob.objects.count() == 2
    assert looks.outage.reason == ""


def test_foreign_rows_are_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    """Issue 8, line 3."""
    store_job(code_job("theirs"))
    DjangoJob.objects.update(job_state=b"theirs")
    looks = Upkeep()
    looks.look()
    looks.look()
    assert caplog.text.count("theirs: left as it is.") == 1
    assert DjangoJob.objects.get().next_run_time == NOON


def test_a_broken_job_is_looked_at_again_less_and_less_often_and_goes_on_once_it_is_whole(
    noon_clock: time_machine.Traveller,
) -> None:
    """Issue 8, line 1: without a restart."""
    CountJob.objects.bulk_create([CountJob(name="broken", hour="99")])
    broken = CountJob.objects.get()
    looks = Upkeep()
    looks.look()
    for count, minute in enumerate((1, 3, 7, 15, 31, 63, 123), start=1):
        for too_early in (1, 0):
            noon_clock.move_to(NOON + (minute - too_early) * MINUTE)
            looks.look()
            assert ParkedJob.objects.get().looks == count - too_early
    raw("UPDATE countjobs_countjob SET hour = '*'")
    noon_clock.move_to(NOON + 183 * MINUTE)
    looks.look()
    assert not ParkedJob.objects.exists()
    following = DjangoJob.objects.get(id=broken.job_id).next_run_time
    assert following == NOON + 184 * MINUTE


def test_a_job_from_code_goes_on_once_it_can_be_restored(
    noon_clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 8, line 1."""
    store_job(code_job("code"), due=None)
    ParkedJob.objects.create(job_id="code", error="it can't be imported", parked_at=NOON)
    looks = Upkeep()
    with patch("tests.support.factories.work", new=None), monkeypatch.context() as patched:
        patched.delattr("tests.support.factories.work")
        noon_clock.shift(MINUTE)
        looks.look()
        assert ParkedJob.objects.get().looks == 1
    noon_clock.shift(2 * MINUTE)
    looks.look()
    assert not ParkedJob.objects.exists()
    assert DjangoJob.objects.get().next_run_time == NOON + 3 * MINUTE


def test_only_some_are_looked_at_at_once(
    noon_clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("countjobs.jobstores.sync._BATCH", 3)
    CountJob.objects.bulk_create(CountJob(name=f"broken {n}", hour="99") for n in range(5))
    noon_clock.shift(MINUTE)
    looks = Upkeep()
    looks.look()
    assert ParkedJob.objects.filter(looks=1).count() == 3
    looks.look()
    assert ParkedJob.objects.filter(looks=1).count() == 5
