"""The job store's row of a definition: written with it, undone with it, and never in its way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core import serializers
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from django_apscheduler.models import DjangoJob

from countjobs.jobstores.rows import (
    disagreeing,
    job_of,
    load_definitions,
    run_definition,
    write_rows,
)
from countjobs.jobstores.signing import seal, unseal
from countjobs.models import CountJob, JobDefinition, ParkedJob
from countjobs.models.fields import CronField
from countjobs.triggers import CRON_DEFAULTS, ScheduleTrigger
from tests.app.models import Greeting, Team, TeamJob
from tests.errors import MuteError

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 10, 0, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def _job(name: str = "job", **fields: Any) -> CountJob:
    return CountJob.objects.create(name=name, **fields)


def _row(definition: JobDefinition) -> DjangoJob:
    return DjangoJob.objects.get(id=definition.job_id)


def _states() -> list[tuple[str, datetime | None, bytes]]:
    rows = DjangoJob.objects.order_by("id")
    return [(row.id, row.next_run_time, bytes(row.job_state)) for row in rows]


def _load(job: CountJob, tmp_path: Path) -> None:
    fixture = tmp_path / "jobs.json"
    changed = CountJob(pk=job.pk, name="loaded", minute="30")
    fixture.write_text(serializers.serialize("json", [changed]))
    call_command("loaddata", str(fixture), verbosity=0)


def _bulk_update(job: CountJob) -> None:
    job.minute = "30"
    CountJob.objects.bulk_update([job], ["minute"])


WRITES: dict[str, Callable[[CountJob, Path], object]] = {
    "save": lambda job, _: CountJob(pk=job.pk, name="job", minute="30").save(),
    "save of one field": lambda job, _: _save_field(job),
    "create": lambda job, _: _job("another"),
    "bulk_create": lambda job, _: CountJob.objects.bulk_create([CountJob(name="another")]),
    "bulk_create that updates": lambda job, _: CountJob.objects.bulk_create(
        [CountJob(name=job.name, minute="30")],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["minute"],
    ),
    "update": lambda job, _: CountJob.objects.filter(pk=job.pk).update(minute="30"),
    "update of what was filtered": lambda job, _: CountJob.objects.filter(minute="*").update(
        minute="30"
    ),
    "bulk_update": lambda job, _: _bulk_update(job),
    "update_or_create": lambda job, _: CountJob.objects.update_or_create(
        {"minute": "30"}, name=job.name
    ),
    "fixture": _load,
    "delete": lambda job, _: CountJob.objects.get(pk=job.pk).delete(),
    "queryset's delete": lambda job, _: CountJob.objects.all().delete(),
}


def _save_field(job: CountJob) -> None:
    job.minute = "30"
    job.save(update_fields=["minute"])


@pytest.mark.parametrize("way", WRITES)
def test_promise_03_every_way_to_write_a_definition_writes_its_row(
    way: str, tmp_path: Path
) -> None:
    job = _job()
    before = _states()
    WRITES[way](job, tmp_path)
    assert _states() != before
    assert {row.id for row in DjangoJob.objects.all()} == {
        each.job_id for each in CountJob.objects.all()
    }
    for each in CountJob.objects.all():
        assert _row(each).next_run_time == each.next_fire_time(NOW)


@pytest.mark.parametrize("way", WRITES)
def test_promise_03_what_undoes_the_definition_undoes_its_row(way: str, tmp_path: Path) -> None:
    job = _job()
    before = _states()
    with transaction.atomic():
        WRITES[way](job, tmp_path)
        assert _states() != before
        transaction.set_rollback(True)
    assert _states() == before
    assert list(CountJob.objects.values_list("name", "minute")) == [("job", "*")]


@pytest.mark.django_db(transaction=True)
def test_where_the_row_can_t_be_written_the_definition_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise IntegrityError

    monkeypatch.setattr("countjobs.jobstores.rows._store_rows", refuse)
    with pytest.raises(IntegrityError):
        _job()
    assert not CountJob.objects.exists()


def test_a_deleted_definition_takes_its_error_along() -> None:
    job = _job()
    CountJob.objects.update(hour="99")
    assert ParkedJob.objects.filter(job_id=job.job_id).exists()
    CountJob.objects.all().delete()
    assert not ParkedJob.objects.exists()


def test_a_definition_that_goes_with_another_row_takes_its_own_along() -> None:
    team = Team.objects.create()
    gone = TeamJob.objects.create(name="job", team=team)
    assert DjangoJob.objects.filter(id=gone.job_id).exists()
    team.delete()
    assert not DjangoJob.objects.exists()


def test_definitions_of_two_kinds_have_rows_of_their_own() -> None:
    job = _job()
    greeting = Greeting.objects.create(name="job", greeted="you")
    assert {job.job_id, greeting.job_id} == {
        f"countjobs.countjob:{job.pk}",
        f"app.greeting:{greeting.pk}",
    }
    assert DjangoJob.objects.count() == 2


# Edits and what is due (promises 3 and 11)


@pytest.mark.parametrize(
    "edit",
    [
        {"name": "renamed"},
        {"description": "What it is for"},
        {"count": 7},
        {"messages": {"one": "one count."}},
        {"max_instances": 3},
        {"misfire_grace_time": 5},
        {"coalesce": False},
        {"second": " 00 "},
    ],
)
def test_an_edit_that_leaves_the_schedule_alone_keeps_what_is_due(
    edit: dict[str, Any], clock: time_machine.Traveller
) -> None:
    job = _job()
    due = _row(job).next_run_time
    clock.move_to(NOW + 10 * MINUTE)
    CountJob.objects.filter(pk=job.pk).update(**edit)
    assert _row(job).next_run_time == due == NOW.replace(second=0) + MINUTE


@pytest.mark.parametrize(
    ("cron", "due", "is_kept"),
    [
        ({"second": "*"}, timedelta(hours=1), False),
        ({"second": "*"}, timedelta(seconds=61), False),
        ({"second": "*"}, timedelta(seconds=60), True),  # clocks differ a little
        ({"second": "*", "jitter": 1}, timedelta(hours=1), False),
        ({"second": "*", "end_date": NOW + MINUTE / 2}, timedelta(seconds=30), True),
        ({"hour": "10", "minute": "5"}, timedelta(days=1, seconds=298), False),
        ({"hour": "10", "minute": "5"}, timedelta(seconds=298), True),
        ({"hour": "9"}, timedelta(hours=23, seconds=-2), True),
    ],
)
def test_a_row_that_a_wrong_clock_has_put_off_is_brought_near_again(
    cron: dict[str, Any], due: timedelta, is_kept: bool
) -> None:
    job = _job(**cron)
    DjangoJob.objects.update(next_run_time=NOW + due)
    CountJob.objects.update(description="text")
    expected = NOW + due if is_kept else job.next_fire_time(NOW)
    assert _row(job).next_run_time == expected


@pytest.mark.parametrize(
    "edit",
    [
        {"minute": "*/5"},
        {"timezone": "Asia/Tokyo"},
        {"jitter": 5},
        {"end_date": NOW + timedelta(days=1)},
        {"start_date": NOW - timedelta(days=1)},
    ],
)
def test_promise_11_an_edit_of_the_schedule_counts_from_now_and_never_fires_the_past(
    edit: dict[str, Any], clock: time_machine.Traveller
) -> None:
    job = _job()
    later = NOW + 10 * MINUTE
    clock.move_to(later)
    CountJob.objects.filter(pk=job.pk).update(**edit)
    assert _row(job).next_run_time > later
    assert _row(job).next_run_time == CountJob.objects.get().next_fire_time(later)


def test_promise_11_an_edit_on_the_very_second_of_a_fire_time_fires_at_the_next(
    clock: time_machine.Traveller,
) -> None:
    mark = NOW.replace(second=0) + 5 * MINUTE
    job = _job()
    clock.move_to(mark)
    CountJob.objects.update(minute="*/5")
    assert _row(job).next_run_time == mark + 5 * MINUTE


def test_promise_11_disabled_it_has_no_next_run_and_enabled_again_it_counts_from_now(
    clock: time_machine.Traveller,
) -> None:
    job = _job()
    job.enabled = False
    job.save()
    assert _row(job).next_run_time is None
    clock.move_to(NOW + 10 * MINUTE)
    job.name = "renamed while it was disabled"
    job.save()
    assert _row(job).next_run_time is None
    job.enabled = True
    job.save()
    assert _row(job).next_run_time == NOW.replace(second=0) + 11 * MINUTE


def test_a_schedule_that_has_ended_is_paused_but_not_broken() -> None:
    job = _job(end_date=NOW - MINUTE)
    assert _row(job).next_run_time is None
    assert not ParkedJob.objects.exists()


def test_a_row_that_agrees_is_left_alone() -> None:
    jobs = [_job(f"job {number}") for number in range(3)]
    before = _states()
    assert write_rows(CountJob, [job.pk for job in jobs], NOW) == []
    assert _states() == before


def test_the_row_holds_a_job_that_apscheduler_can_show() -> None:
    job = _job(misfire_grace_time=9, coalesce=False, max_instances=2)
    restored = unseal(job.job_id, bytes(_row(job).job_state))
    assert restored.name == "job"
    assert restored.args == ("countjobs.countjob", str(job.pk))
    assert (restored.misfire_grace_time, restored.coalesce, restored.max_instances) == (9, False, 2)
    assert restored.trigger.get_next_fire_time(None, NOW) == _row(job).next_run_time


@pytest.mark.parametrize("state", [b"", b"tampered with", b"x" * 100])
def test_a_row_that_can_t_be_read_is_written_anew_by_a_save(state: bytes) -> None:
    job = _job()
    DjangoJob.objects.update(job_state=state, next_run_time=None)
    ParkedJob.objects.create(job_id=job.job_id, error="It can't be read.", parked_at=NOW)
    job.save()
    assert _row(job).next_run_time == job.next_fire_time(NOW)
    assert unseal(job.job_id, bytes(_row(job).job_state)).name == "job"
    assert not ParkedJob.objects.exists()


class HalfRestored(ScheduleTrigger):
    """Pickled by an earlier version, perhaps: what it becomes is of no use."""

    def __reduce__(self) -> tuple[Any, ...]:
        return object.__new__, (HalfRestored,)


def test_a_row_whose_trigger_is_restored_by_halves_is_written_anew_too() -> None:
    definition = _job()
    job = job_of(definition)
    job.trigger = HalfRestored(CRON_DEFAULTS, "UTC")
    DjangoJob.objects.update(job_state=seal(job))
    assert len(write_rows(CountJob, [definition.pk], NOW)) == 1
    assert not ParkedJob.objects.exists()
    assert _row(definition).next_run_time == definition.next_fire_time(NOW)
    assert write_rows(CountJob, [definition.pk], NOW) == []


@pytest.mark.parametrize("most", [0, 1])
def test_writing_many_rows_takes_as_many_statements_as_writing_one(most: int) -> None:
    jobs = CountJob.objects.bulk_create(CountJob(name=f"job {n}") for n in range(1 + 99 * most))
    with CaptureQueriesContext(
        connection,
    ) as captured:
        CountJob.objects.filter(pk__in=[job.pk for job in jobs]).update(minute="30")
    assert len([q for q in captured if "SAVEPOINT" not in q["sql"]]) <= 7


def test_more_definitions_than_a_batch_are_all_written() -> None:
    CountJob.objects.bulk_create(CountJob(name=f"job {number}") for number in range(1_201))
    assert DjangoJob.objects.filter(next_run_time__isnull=False).count() == 1_201


# What was written unvalidated (promise 2)


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
    broken, whole = _job("broken"), _job("whole")
    state = bytes(_row(broken).job_state)
    CountJob.objects.filter(pk=broken.pk).update(**values)
    CountJob.objects.update(count=4)
    parked = ParkedJob.objects.get()
    assert parked.job_id == broken.job_id
    assert (
        next(iter(values)) in parked.error or "never fires" in parked.error or "end" in parked.error
    )
    assert parked.parked_at == NOW
    assert _row(broken).next_run_time is None
    assert bytes(_row(broken).job_state) == state, "nothing is deleted because it is broken"
    assert _row(whole).next_run_time is not None


def test_one_that_was_broken_from_the_start_has_a_row_that_never_comes_due() -> None:
    CountJob.objects.bulk_create([CountJob(name="broken", hour="99"), CountJob(name="whole")])
    broken, whole = CountJob.objects.order_by("name")
    assert _row(broken).next_run_time is None
    assert _row(whole).next_run_time is not None
    assert ParkedJob.objects.get().job_id == broken.job_id


def test_a_good_save_unparks_it_and_it_runs_from_now(clock: time_machine.Traveller) -> None:
    job = _job()
    CountJob.objects.update(hour="99")
    clock.move_to(NOW + 10 * MINUTE)
    job.save()
    assert not ParkedJob.objects.exists()
    assert _row(job).next_run_time == NOW.replace(second=0) + 11 * MINUTE


def test_the_newest_error_is_shown() -> None:
    _job()
    CountJob.objects.update(hour="99")
    CountJob.objects.update(hour="*", minute="99")
    assert "99" in ParkedJob.objects.get().error
    assert "minute" in ParkedJob.objects.get().error


def test_what_was_mended_is_told_a_line_each() -> None:
    job, broken = _job("fine"), _job("broken")
    DjangoJob.objects.all().delete()
    CountJob._base_manager.filter(pk=broken.pk).update(hour="99")
    lines = write_rows(CountJob, [job.pk, broken.pk], NOW)
    assert lines[0].startswith(f"{job.job_id} (fine): next run at 2026-11-22 10:01:00")
    assert lines[1].startswith(f"{broken.job_id} (broken): hour: “99” is not understood.")


def test_what_was_validated_when_it_was_sealed_is_not_validated_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jobs = [_job(f"job {number}") for number in range(3)]
    monkeypatch.setattr(CronField, "clean", lambda *_: 1 / 0)
    assert disagreeing(CountJob, [job.pk for job in jobs], NOW) == []
    DjangoJob.objects.filter(id=jobs[1].job_id).update(job_state=b"tampered with")
    assert disagreeing(CountJob, [job.pk for job in jobs], NOW) == [jobs[1].pk]


def test_a_start_that_leaves_the_state_as_it_was_is_validated_nevertheless() -> None:
    job = _job(start_date=datetime(1970, 1, 1, tzinfo=UTC))
    before = job_of(job).trigger.__getstate__()
    CountJob._base_manager.update(start_date=datetime.min.replace(tzinfo=UTC))
    assert job_of(CountJob.objects.get()).trigger.__getstate__() == before
    assert disagreeing(CountJob, [job.pk], NOW) == [job.pk]


def test_promise_02_one_that_never_fires_is_found_when_it_is_enabled() -> None:
    job = _job(day="31", month="2", enabled=False)
    assert not ParkedJob.objects.exists()
    CountJob.objects.update(enabled=True)
    assert "never fires" in ParkedJob.objects.get(job_id=job.job_id).error


def test_fields_that_a_kind_s_own_trigger_ignores_are_validated_nevertheless(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(CountJob, "trigger", lambda _: ScheduleTrigger(CRON_DEFAULTS, "UTC"))
    job = _job()
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
    assert _row(whole).next_run_time is not None


def test_an_error_is_kept_in_the_language_of_the_installation() -> None:
    _job()
    with translation.override("ja"):
        CountJob.objects.update(timezone="Mars/Olympus")
    assert "There is no time zone" in ParkedJob.objects.get().error


# Loading and running


def test_a_key_may_hold_what_parts_it_from_the_label() -> None:
    job = CountJob(pk="a:b", name="job")
    assert job_of(job).args == ("countjobs.countjob", "a:b")


def test_definitions_of_many_kinds_are_loaded_with_a_query_each() -> None:
    jobs = [_job(f"job {number}") for number in range(3)]
    greeting = Greeting.objects.create(name="hello", greeted="you")
    keys = [("countjobs.countjob", str(job.pk)) for job in jobs]
    keys += [("app.greeting", str(greeting.pk)), ("countjobs.countjob", "0"), ("gone.model", "1")]
    with CaptureQueriesContext(connection) as captured:
        loaded = load_definitions(keys)
    assert len(captured) == 2
    assert list(loaded) == keys[:4]


def test_a_definition_runs_by_its_label_and_key(capsys: pytest.CaptureFixture[str]) -> None:
    greeting = Greeting.objects.create(name="hello", greeted="you")
    run_definition("app.greeting", str(greeting.pk))
    assert capsys.readouterr().out == "Hello, you!\n"


def test_a_definition_that_is_gone_says_so() -> None:
    with pytest.raises(LookupError, match="There is no definition"):
        run_definition("countjobs.countjob", "0")


def test_validation_and_parking_agree() -> None:
    job = CountJob(name="broken", hour="99")
    with pytest.raises(ValidationError):
        job.full_clean()
    assert job.problems() == [f"hour: {job_error}" for job_error in _hour_errors(job)]


def _hour_errors(job: CountJob) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        job.full_clean()
    return refused.value.message_dict["hour"]
