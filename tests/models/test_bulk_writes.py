"""Writing very many definitions at once, and while others write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from django.core.exceptions import FieldDoesNotExist
from django.db import connection, models
from django_apscheduler.models import DjangoJob

from countjobs.models import CountJob, definitions_changed, writes

pytestmark = pytest.mark.django_db


@contextmanager
def values_a_statement() -> Iterator[list[int]]:
    """How many values each statement takes."""
    counts: list[int] = []

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith("INSERT"):  # Django's own affair
            counts.append(len(params or ()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        yield counts


@contextmanager
def job_store_aside() -> Iterator[list[Any]]:
    """The job store is told of nothing; the keys that it would be told of."""
    told: list[Any] = []
    with patch.object(definitions_changed, "send", lambda sender, pks: told.extend(pks)):
        yield told


def make(count: int, **fields: Any) -> list[CountJob]:
    return [CountJob(name=f"job {number}", **fields) for number in range(count)]


@pytest.mark.parametrize("options", [{}, {"ignore_conflicts": True}], ids=str)
def test_no_statement_takes_more_values_than_a_database_can_bear(options: dict[str, bool]) -> None:
    with patch.object(writes, "_BATCH", 100), values_a_statement() as counts:
        CountJob.objects.bulk_create(make(1_050), **options)
        CountJob.objects.update(count=5)
    assert max(counts) <= 501, "the job store's own batches have 500"
    assert DjangoJob.objects.count() == 1_050
    assert CountJob.objects.filter(count=5).count() == 1_050


def test_very_many_names_are_looked_up_in_batches() -> None:
    there = CountJob.objects.bulk_create(make(2))
    new = make(20_001)
    with (
        patch.object(models.QuerySet, "bulk_create", lambda _, objs, *args, **options: objs),
        job_store_aside() as told,
        values_a_statement() as counts,
    ):
        CountJob.objects.bulk_create(new, ignore_conflicts=True)
    assert sorted(told) == [definition.pk for definition in there]
    assert max(counts) == 10_000


def test_definitions_that_were_written_are_known_by_their_keys() -> None:
    with job_store_aside() as told:
        created = CountJob.objects.bulk_create(make(3))
    assert told == [definition.pk for definition in created]


def test_where_conflicts_are_ignored_those_that_were_there_are_looked_up_by_name() -> None:
    CountJob.objects.create(name="job 1", second="*")
    DjangoJob.objects.all().delete()
    CountJob.objects.bulk_create(make(3), ignore_conflicts=True)
    assert {row.id for row in DjangoJob.objects.all()} == {
        job.job_id for job in CountJob.objects.all()
    }
    assert CountJob.objects.get(name="job 1").second == "*"


def test_what_begins_to_match_during_an_update_stays_as_it_is() -> None:
    CountJob.objects.bulk_create(make(2))

    def write_beside(pks: list[Any], _most: int) -> list[Any]:
        with job_store_aside():  # it belongs to another process
            CountJob.objects.get_or_create(name="late")
        return [pks]

    with patch.object(writes, "batches", write_beside):
        assert CountJob.objects.filter(enabled=True).update(second="30") == 2
    assert CountJob.objects.get(name="late").second == "0"


def test_what_stops_matching_during_an_update_stays_as_it_is() -> None:
    one, two = CountJob.objects.bulk_create(make(2))

    def write_beside(pks: list[Any], _most: int) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE countjobs_countjob SET description = 'x' WHERE id = %s", [two.pk]
            )
        return [pks]

    with patch.object(writes, "batches", write_beside):
        assert CountJob.objects.filter(description="").update(second="30") == 1
    assert CountJob.objects.get(second="30").pk == one.pk


def test_an_update_in_batches_counts_all_rows_and_bears_a_condition_on_what_it_changes() -> None:
    CountJob.objects.bulk_create(make(25))
    with patch.object(writes, "_BATCH", 10):
        assert CountJob.objects.filter(enabled=True).update(enabled=False) == 25
    assert not DjangoJob.objects.filter(next_run_time__isnull=False).exists()


def test_an_update_of_none_still_refuses_what_django_refuses() -> None:
    assert CountJob.objects.update(count=5) == 0
    with pytest.raises(FieldDoesNotExist):
        CountJob.objects.update(nothing=5)  # type: ignore[misc]  # there is none


def test_an_update_of_a_slice_is_refused_as_django_refuses_it() -> None:
    with pytest.raises(TypeError, match="Cannot update a query once a slice"):
        CountJob.objects.all()[:1].update(description="x")
