"""The job store's row of a definition: written with it, undone with it, and never in its way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.core import serializers
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django_apscheduler.models import DjangoJob

from countjobs.jobstores.rows import (
    job_of,
    load_definitions,
    run_definition,
    write_rows,
)
from countjobs.jobstores.signing import seal, unseal
from countjobs.models import CountJob, ParkedJob
from countjobs.triggers import CRON_DEFAULTS, ScheduleTrigger
from tests.app.models import Greeting, Team, TeamJob
from tests.support.job_rows import NOW, make_job, row_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rows_clock")]


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
    "create": lambda job, _: make_job("another"),
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
    job = make_job()
    before = _states()
    WRITES[way](job, tmp_path)
    assert _states() != before
    assert {row.id for row in DjangoJob.objects.all()} == {
        each.job_id for each in CountJob.objects.all()
    }
    for each in CountJob.objects.all():
        assert row_of(each).next_run_time == each.next_fire_time(NOW)


@pytest.mark.parametrize("way", WRITES)
def test_promise_03_what_undoes_the_definition_undoes_its_row(way: str, tmp_path: Path) -> None:
    job = make_job()
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
        make_job()
    assert not CountJob.objects.exists()


def test_a_deleted_definition_takes_its_error_along() -> None:
    job = make_job()
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
    job = make_job()
    greeting = Greeting.objects.create(name="job", greeted="you")
    assert {job.job_id, greeting.job_id} == {
        f"countjobs.countjob:{job.pk}",
        f"app.greeting:{greeting.pk}",
    }
    assert DjangoJob.objects.count() == 2


# Edits and what is due (promises 3 and 11)


def test_a_row_that_agrees_is_left_alone() -> None:
    jobs = [make_job(f"job {number}") for number in range(3)]
    before = _states()
    assert write_rows(CountJob, [job.pk for job in jobs], NOW) == []
    assert _states() == before


def test_the_row_holds_a_job_that_apscheduler_can_show() -> None:
    job = make_job(misfire_grace_time=9, coalesce=False, max_instances=2)
    restored = unseal(job.job_id, bytes(row_of(job).job_state))
    assert restored.name == "job"
    assert restored.args == ("countjobs.countjob", str(job.pk))
    assert (restored.misfire_grace_time, restored.coalesce, restored.max_instances) == (9, False, 2)
    assert restored.trigger.get_next_fire_time(None, NOW) == row_of(job).next_run_time


@pytest.mark.parametrize("state", [b"", b"tampered with", b"x" * 100])
def test_a_row_that_can_t_be_read_is_written_anew_by_a_save(state: bytes) -> None:
    job = make_job()
    DjangoJob.objects.update(job_state=state, next_run_time=None)
    ParkedJob.objects.create(job_id=job.job_id, error="It can't be read.", parked_at=NOW)
    job.save()
    assert row_of(job).next_run_time == job.next_fire_time(NOW)
    assert unseal(job.job_id, bytes(row_of(job).job_state)).name == "job"
    assert not ParkedJob.objects.exists()


class HalfRestored(ScheduleTrigger):
    """Pickled by an earlier version, perhaps: what it becomes is of no use."""

    def __reduce__(self) -> tuple[Any, ...]:
        return object.__new__, (HalfRestored,)


def test_a_row_whose_trigger_is_restored_by_halves_is_written_anew_too() -> None:
    definition = make_job()
    job = job_of(definition)
    job.trigger = HalfRestored(CRON_DEFAULTS, "UTC")
    DjangoJob.objects.update(job_state=seal(job))
    assert len(write_rows(CountJob, [definition.pk], NOW)) == 1
    assert not ParkedJob.objects.exists()
    assert row_of(definition).next_run_time == definition.next_fire_time(NOW)
    assert write_rows(CountJob, [definition.pk], NOW) == []


@pytest.mark.parametrize("most", [0, 1])
def test_writing_many_rows_takes_as_many_statements_as_writing_one(most: int) -> None:
    jobs = CountJob.objects.bulk_create(CountJob(name=f"job {n}") for n in range(1 + 99 * most))
    with CaptureQueriesContext(
        connection,
    ) as captured:
        CountJob.objects.filter(pk__in=[job.pk for job in jobs]).update(minute="30")
    # Where rows can be locked, all writers lock them in one order first.
    most_statements = 9 + connection.features.has_select_for_update
    assert len([q for q in captured if "SAVEPOINT" not in q["sql"]]) <= most_statements


def test_more_definitions_than_a_batch_are_all_written() -> None:
    CountJob.objects.bulk_create(CountJob(name=f"job {number}") for number in range(1_201))
    assert DjangoJob.objects.filter(next_run_time__isnull=False).count() == 1_201


# Loading and running


def test_a_key_may_hold_what_parts_it_from_the_label() -> None:
    job = CountJob(pk="a:b", name="job")
    assert job_of(job).args == ("countjobs.countjob", "a:b")


def test_definitions_of_many_kinds_are_loaded_with_a_query_each() -> None:
    jobs = [make_job(f"job {number}") for number in range(3)]
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
