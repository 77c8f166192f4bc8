"""Definitions that nobody validated: those that are broken are parked, and all others go on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.utils import translation
from django_apscheduler.models import DjangoJob

from countjobs.jobstores.rows import (
    disagreeing,
    job_of,
    write_rows,
)
from countjobs.models import CountJob, ParkedJob
from countjobs.models.fields import CronField
from countjobs.triggers import CRON_DEFAULTS, ScheduleTrigger
from tests.support.errors import MuteError
from tests.support.job_rows import MINUTE, NOW, make_job, row_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rows_clock")]


BROKEN: list[dict[str, Any]] = [
    {"hour": "99"},
    {"day": "31", "month": "2"},
    {"timezone": "../etc/passwd"},
    {"timezone": ""},
    {"timezone": "America"},
    {"timezone": "Mars/Olympus"},
    {"messages": []},
    {"messages": None},
    {"messages": "text"},
    {"messages": {"one": 1}},
    {"messages": {"one": "\0"}},
    {"messages": {"one": "\ud800"}},
    {"messages": {"one": {"deep": ["er"]}}},
    {"messages": {str(number): "" for number in range(1_001)}},
    {"jitter": 2**31 - 1},
    {"misfire_grace_time": 0},
    {"max_instances": 0},
    {"executor": "elsewhere"},
    {"name": ""},
    {"start_date": datetime.min.replace(tzinfo=UTC)},
    {"end_date": datetime.max.replace(tzinfo=UTC)},
    {"start_date": NOW, "end_date": NOW - MINUTE},
]


@pytest.mark.parametrize("values", BROKEN, ids=lambda values: str(values)[:60])
def test_promise_02_a_definition_that_is_broken_is_parked_and_all_others_go_on(
    values: dict[str, Any],
) -> None:
    broken, whole = make_job("broken"), make_job("whole")
    state = bytes(row_of(broken).job_state)
    CountJob.objects.filter(pk=broken.pk).update(**values)
    CountJob.objects.update(count=4)
    parked = ParkedJob.objects.get()
    assert parked.job_id == broken.job_id
    assert (
        next(iter(values)) in parked.error or "never runs" in parked.error or "end" in parked.error
    )
    assert parked.parked_at == NOW
    assert row_of(broken).next_run_time is None
    assert bytes(row_of(broken).job_state) == state, "nothing is deleted because it is broken"
    assert row_of(whole).next_run_time is not None


def test_one_that_was_broken_from_the_start_has_a_row_that_never_comes_due() -> None:
    CountJob.objects.bulk_create([CountJob(name="broken", hour="99"), CountJob(name="whole")])
    broken, whole = CountJob.objects.order_by("name")
    assert row_of(broken).next_run_time is None
    assert row_of(whole).next_run_time is not None
    assert ParkedJob.objects.get().job_id == broken.job_id


def test_a_good_save_unparks_it_and_it_runs_from_now(rows_clock: time_machine.Traveller) -> None:
    job = make_job()
    CountJob.objects.update(hour="99")
    rows_clock.move_to(NOW + 10 * MINUTE)
    job.save()
    assert not ParkedJob.objects.exists()
    assert row_of(job).next_run_time == NOW.replace(second=0) + 11 * MINUTE


def test_the_newest_error_is_shown() -> None:
    make_job()
    CountJob.objects.update(hour="99")
    CountJob.objects.update(hour="*", minute="99")
    assert "99" in ParkedJob.objects.get().error
    assert "minute" in ParkedJob.objects.get().error


def test_what_was_mended_is_told_a_line_each() -> None:
    job, broken = make_job("fine"), make_job("broken")
    DjangoJob.objects.all().delete()
    CountJob._base_manager.filter(pk=broken.pk).update(hour="99")
    lines = write_rows(CountJob, [job.pk, broken.pk], NOW)
    assert lines[0].startswith(f"{job.job_id} (fine): next run at 2026-11-22 10:01:00")
    assert lines[1].startswith(f"{broken.job_id} (broken): broken: hour: “99” is not understood.")


def test_what_was_validated_when_it_was_sealed_is_not_validated_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jobs = [make_job(f"job {number}") for number in range(3)]
    monkeypatch.setattr(CronField, "clean", lambda *_: 1 / 0)
    assert disagreeing(CountJob, [job.pk for job in jobs], NOW) == []
    DjangoJob.objects.filter(id=jobs[1].job_id).update(job_state=b"tampered with")
    assert disagreeing(CountJob, [job.pk for job in jobs], NOW) == [jobs[1].pk]


def test_a_start_that_leaves_the_state_as_it_was_is_validated_nevertheless() -> None:
    job = make_job(start_date=datetime(1970, 1, 1, tzinfo=UTC))
    before = job_of(job).trigger.__getstate__()
    CountJob._base_manager.update(start_date=datetime.min.replace(tzinfo=UTC))
    assert job_of(CountJob.objects.get()).trigger.__getstate__() == before
    assert disagreeing(CountJob, [job.pk], NOW) == [job.pk]


def test_promise_02_one_that_never_fires_is_found_when_it_is_enabled() -> None:
    job = make_job(day="31", month="2", enabled=False)
    assert not ParkedJob.objects.exists()
    CountJob.objects.update(enabled=True)
    assert "never runs" in ParkedJob.objects.get(job_id=job.job_id).error


def test_fields_that_a_kind_s_own_trigger_ignores_are_validated_nevertheless(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(CountJob, "trigger", lambda _: ScheduleTrigger(CRON_DEFAULTS, "UTC"))
    job = make_job()
    CountJob.objects.update(hour="99")
    assert ParkedJob.objects.get().job_id == job.job_id


ERRORS = [
    ZeroDivisionError("oh"),
    KeyError("no"),
    RecursionError(),
    MuteError(),
    ValidationError("what no field is at fault of"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("method", ["clean", "full_clean", "trigger", "next_fire_time", "problems"])
def test_whatever_a_subclass_raises_parks_it_and_all_others_go_on(
    method: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = getattr(CountJob, method)

    def raising(self: CountJob, *args: Any, **kwargs: Any) -> Any:
        if self.name == "broken":
            raise error
        return original(self, *args, **kwargs)

    monkeypatch.setattr(CountJob, method, raising)
    CountJob.objects.bulk_create([CountJob(name="broken"), CountJob(name="whole")])
    broken, whole = CountJob.objects.order_by("name")
    parked = ParkedJob.objects.get()
    assert parked.job_id == broken.job_id
    assert type(error).__name__ in parked.error or "what no field" in parked.error
    assert row_of(whole).next_run_time is not None


def test_an_error_is_kept_in_the_language_of_the_installation() -> None:
    make_job()
    with translation.override("ja"):
        CountJob.objects.update(timezone="Mars/Olympus")
    assert "There is no time zone" in ParkedJob.objects.get().error


def test_validation_and_parking_agree() -> None:
    job = CountJob(name="broken", hour="99")
    with pytest.raises(ValidationError):
        job.full_clean()
    assert job.problems() == [f"hour: {job_error}" for job_error in _hour_errors(job)]


def _hour_errors(job: CountJob) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        job.full_clean()
    return refused.value.message_dict["hour"]
