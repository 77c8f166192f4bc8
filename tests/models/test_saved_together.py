"""Many saves in one transaction, of which the job store is told at its end."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django_apscheduler.models import DjangoJob

from countjobs.models import CountJob, definitions_changed
from countjobs.models.writes import saved_together

pytestmark = pytest.mark.django_db


@pytest.fixture
def told() -> Any:
    """The keys that the job store was told of, each time."""
    calls: list[list[Any]] = []

    def note(pks: list[Any], **_: Any) -> None:
        calls.append(list(pks))

    definitions_changed.connect(note)
    yield calls
    definitions_changed.disconnect(note)


def test_the_job_store_is_told_once_and_has_every_row(told: list[list[Any]]) -> None:
    with saved_together():
        saved = [CountJob.objects.create(name=f"n{n}") for n in range(3)]
        assert not DjangoJob.objects.exists()
    assert told == [[each.pk for each in saved]]
    assert {row.id for row in DjangoJob.objects.all()} == {each.job_id for each in saved}


def test_a_save_afterwards_is_told_at_once(told: list[list[Any]]) -> None:
    with saved_together():
        pass
    definition = CountJob.objects.create(name="a")
    assert told == [[definition.pk]]


def test_where_it_fails_nothing_is_saved_or_told(told: list[list[Any]]) -> None:
    def save_twice() -> None:
        with saved_together():
            CountJob.objects.create(name="a")
            CountJob.objects.create(name="a")

    with pytest.raises(IntegrityError):
        save_twice()
    assert told == []
    assert not CountJob.objects.exists()
    CountJob.objects.create(name="b")
    assert len(told) == 1


def test_the_rows_of_many_take_as_many_queries_as_those_of_few() -> None:
    def queries(count: int, prefix: str) -> int:
        with CaptureQueriesContext(connection) as captured, saved_together():
            for n in range(count):
                CountJob.objects.create(name=f"{prefix}{n}")
            before = len(captured)
        return len(captured) - before

    assert queries(2, "a") == queries(20, "b")
