"""Definitions at an interval and of a single moment: every way to write them, and the job store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from countjobs.jobstores.sync import sync
from countjobs.models import CountJob, ParkedJob
from countjobs.models.writes import saved_together
from tests.support.factories import NOON
from tests.support.job_rows import row

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(NOON + timedelta(milliseconds=700), tick=False) as traveller:
        yield traveller


def hourly(**fields: Any) -> CountJob:
    return CountJob(**{"name": "job", "schedule_type": "interval", "every": 3_600, **fields})


def once(at: datetime | None = NOON + HOUR, **fields: Any) -> CountJob:
    return CountJob(name="job", schedule_type="once", run_at=at, **fields)


def due(definition: CountJob) -> datetime | None:
    found: datetime | None = row(definition.job_id).next_run_time
    return found


def write_raw(definition: CountJob, **columns: Any) -> None:
    """As raw SQL does it: the job store doesn't hear of it."""
    names = ", ".join(f'"{name}" = %s' for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE countjobs_countjob SET {names} WHERE id = %s",
            [*columns.values(), definition.pk],
        )


# The start


def _saved() -> CountJob:
    definition = hourly()
    definition.save()
    return definition


def _bulk_created() -> CountJob:
    CountJob.objects.bulk_create([definition := hourly()])
    return definition


def _updated() -> CountJob:
    CountJob.objects.create(name="job")
    CountJob.objects.update(schedule_type="interval", every=3_600)
    return CountJob.objects.get()


def _updated_or_created() -> CountJob:
    CountJob.objects.create(name="job")
    values = {"schedule_type": "interval", "every": 3_600}
    return CountJob.objects.update_or_create(values, name="job")[0]


def _bulk_updated() -> CountJob:
    definition = CountJob.objects.create(name="job")
    definition.schedule_type, definition.every = "interval", 3_600
    CountJob.objects.bulk_update([definition], ["schedule_type", "every"])
    return definition


def _some_fields_saved() -> CountJob:
    definition = CountJob.objects.create(name="job")
    definition.schedule_type, definition.every = "interval", 3_600
    definition.save(update_fields=["schedule_type", "every"])
    return definition


def _saved_together() -> CountJob:
    with saved_together():
        return _saved()


def _conflicting() -> CountJob:
    CountJob.objects.create(name="job")
    fields = ["schedule_type", "every"]
    CountJob.objects.bulk_create(
        [hourly()], update_conflicts=True, unique_fields=["name"], update_fields=fields
    )
    return CountJob.objects.get()


ways = pytest.mark.parametrize(
    "write",
    [
        _saved,
        _bulk_created,
        _updated,
        _updated_or_created,
        _bulk_updated,
        _some_fields_saved,
        _saved_together,
        _conflicting,
    ],
)


@ways
def test_an_interval_without_a_start_counts_from_when_it_was_written(
    write: Any, clock: time_machine.Traveller
) -> None:
    definition = write()
    assert definition.start_date == CountJob.objects.get().start_date == NOON
    assert due(definition) == NOON + HOUR
    clock.shift(20 * MINUTE)
    assert sync(NOON + 20 * MINUTE) == []


EDITS: list[Any] = [
    lambda each: each.save(),
    lambda each: each.save(update_fields=["description"]),
    lambda _: CountJob.objects.update(description="x"),
    lambda each: CountJob.objects.bulk_update([each], ["description"]),
    lambda _: CountJob.objects.only("name").get().save(),
    lambda _: CountJob.objects.update(enabled=False) and CountJob.objects.update(enabled=True),
    lambda each: sync(NOON + 20 * MINUTE) and each,
]


@ways
@pytest.mark.parametrize("edit", EDITS)
def test_no_later_write_of_other_fields_moves_it(
    write: Any, edit: Any, clock: time_machine.Traveller
) -> None:
    definition = write()
    clock.shift(20 * MINUTE)
    definition.description = "x"
    edit(definition)
    assert CountJob.objects.get().start_date == NOON
    assert due(definition) == NOON + HOUR


def test_a_save_of_other_fields_writes_no_start(clock: time_machine.Traveller) -> None:
    definition = CountJob.objects.create(name="job")
    definition.schedule_type = "interval"
    definition.save(update_fields=["description"])
    definition.save(update_fields=[])
    assert CountJob.objects.get().start_date is None


def test_fields_that_were_not_loaded_are_neither_loaded_nor_written_by_a_save() -> None:
    CountJob.objects.create(name="job")
    definition = CountJob.objects.only("name").get()
    with CaptureQueriesContext(connection) as queries:
        definition.save()
    update = next(each["sql"] for each in queries if each["sql"].startswith("UPDATE"))
    assert "schedule_type" not in update
    assert "schedule_type" not in definition.__dict__


def test_a_start_that_was_given_is_kept(clock: time_machine.Traveller) -> None:
    definition = hourly(start_date=NOON - 10 * MINUTE)
    definition.full_clean()
    definition.save()
    assert due(definition) == NOON + 50 * MINUTE


def test_cron_and_single_moments_need_no_start(clock: time_machine.Traveller) -> None:
    once().save()
    CountJob.objects.create(name="cron")
    CountJob.objects.filter(name="cron").update(schedule_type="cron", start_date=None)
    assert set(CountJob.objects.values_list("start_date", flat=True)) == {None}


# What is checked


@pytest.mark.parametrize(
    ("definition", "field", "code"),
    [
        (lambda: hourly(every=None), "every", "missing"),
        (lambda: hourly(every=0), "every", "min_value"),
        (lambda: hourly(every=-5), "every", "min_value"),
        (lambda: hourly(every=10**12), "every", "max_value"),
        (lambda: hourly(every="often"), "every", "invalid"),
        (lambda: hourly(end_date=NOON + MINUTE), "__all__", "ended"),
        (lambda: hourly(start_date=NOON, end_date=NOON - DAY), "end_date", "order"),
        (lambda: once(None), "run_at", "missing"),
        (lambda: once(NOON), "run_at", "ended"),
        (lambda: once(NOON.replace(year=1969)), "run_at", "moment"),
        (lambda: once(NOON.replace(year=2200)), "run_at", "moment"),
        (
            lambda: CountJob(name="job", schedule_type="sometimes"),
            "schedule_type",
            "invalid_choice",
        ),
        (lambda: CountJob(name="job", schedule_type=""), "schedule_type", "blank"),
    ],
)
def test_what_is_refused_and_where(
    definition: Any, field: str, code: str, clock: time_machine.Traveller
) -> None:
    tested = definition()
    with pytest.raises(ValidationError) as refused:
        tested.full_clean()
    found = refused.value.error_dict
    assert [*found] == [field]
    assert code in {error.code for error in found[field]}


def test_a_check_leaves_the_start_empty_and_checks_it_as_a_save_would_set_it(
    clock: time_machine.Traveller,
) -> None:
    """Not from 1970: ten years could pass without a fire time then."""
    definition = hourly(end_date=NOON + 5_000 * DAY)
    definition.every = 3_652 * 86_400
    definition.full_clean()
    assert definition.start_date is None


# Raw SQL

BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"schedule_type": "sometimes"}, "schedule_type: "),
    ({"schedule_type": ""}, "schedule_type: "),
    ({"schedule_type": "interval"}, "every: Say how long the interval is."),
    ({"schedule_type": "interval", "every": 0}, "every: "),
    ({"schedule_type": "interval", "every": 400_000_000}, "every: "),
    ({"schedule_type": "once"}, "run_at: Say when the job runs."),
    ({"schedule_type": "once", "run_at": NOON.replace(year=2300)}, "run_at: The date must be"),
]


@pytest.mark.parametrize(("columns", "reason"), BROKEN, ids=str)
def test_what_raw_sql_breaks_is_parked_with_the_reason_and_mended_by_a_sync(
    columns: dict[str, Any], reason: str
) -> None:
    definition = CountJob.objects.create(name="job")
    write_raw(definition, **columns)
    sync(NOON)
    assert due(definition) is None
    assert ParkedJob.objects.get().error.startswith(reason)
    assert sync(NOON) == []
    write_raw(definition, schedule_type="interval", every=60, run_at=None, start_date=NOON)
    sync(NOON)
    assert due(definition) == NOON + MINUTE
    assert not ParkedJob.objects.exists()


def test_an_interval_that_raw_sql_leaves_without_a_start_counts_from_1970() -> None:
    definition = CountJob.objects.create(name="job")
    write_raw(definition, schedule_type="interval", every=7 * 60)
    sync(NOON)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    first = epoch + ((NOON - epoch) // (7 * MINUTE) + 1) * 7 * MINUTE
    assert due(definition) == first
    assert sync(NOON + MINUTE) == []
