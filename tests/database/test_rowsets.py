"""Many rows in one statement, each value stored as the ORM stores it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django_apscheduler.models import DjangoJob
from pytest_django import DjangoAssertNumQueries

from countjobs.database.rowsets import insert_rows, update_rows
from countjobs.models import Execution

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 10, 0, 5, 123_456, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
HOSTILE = [
    "",
    " ",
    "'; DROP TABLE countjobs_execution; --",
    '"quoted"',
    "back\\slash \\n \\u0041 \\",
    "100 % %s %(name)s %%",
    "new\nline\r\n\ttab\x0b\x1b",
    "日本語 العربية 🎉 e\u0301",
    "null",
    "true",
    "123",
    "1e5",
    '{"a": [1, "$.b"]}',
    "[1, 2]",
    "2026-11-22 10:00:00",
    "x" * 300_000,
    "🎉" * 50_000,
]


def _row(number: int = 0, **values: Any) -> dict[str, Any]:
    return {
        "job_id": "countjobs.countjob:1",
        "job_name": "job",
        "status": "queued",
        "trigger": "schedule",
        "scheduled_at": NOW + number * MICROSECOND,
        "started_at": None,
        "finished_at": None,
        "node": "",
        "attempt": 1,
        "requested_by": "",
        "parameters": {},
        "output": "",
        "error": "",
        "traceback": "",
        "folded": 0,
        **values,
    }


def _insert(*rows: dict[str, Any]) -> list[Execution]:
    pks = [pk for (pk,) in insert_rows(Execution, rows, ["id"])]
    return list(Execution.objects.filter(pk__in=pks).order_by("scheduled_at"))


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_text_comes_back_as_it_went(text: str) -> None:
    (inserted,) = _insert(_row(output=text, job_name=text[:255]))
    assert (inserted.output, inserted.job_name) == (text, text[:255])
    assert Execution.objects.filter(output=text).exists()
    update_rows(Execution, [{"id": inserted.pk, "error": text}])
    inserted.refresh_from_db()
    assert inserted.error == text


@pytest.mark.parametrize(
    ("text", "stored"), [("a\0b", "a\\x00b"), ("a\ud800b", "a\\ud800b"), ("\udfff🎉", "\\udfff🎉")]
)
def test_text_that_no_database_takes_is_written_out_and_spoils_no_other_row(
    text: str, stored: str
) -> None:
    inserted = _insert(_row(0, output=text), _row(1, output="fine"))
    assert [execution.output for execution in inserted] == [stored, "fine"]


@pytest.mark.parametrize(
    "moment",
    [
        NOW,
        NOW.replace(microsecond=0),
        NOW.replace(microsecond=1),
        NOW.replace(microsecond=999_999),
        NOW.astimezone(timezone(timedelta(hours=9, minutes=30))),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2199, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ],
)
def test_a_moment_is_stored_as_the_orm_stores_it(moment: datetime) -> None:
    (inserted,) = _insert(_row(scheduled_at=moment, started_at=moment))
    through_orm = Execution.objects.create(scheduled_at=moment, started_at=moment, trigger="manual")
    assert inserted.scheduled_at == inserted.started_at == moment
    same = Execution.objects.filter(scheduled_at=moment, started_at=moment)
    assert set(same) == {inserted, through_orm}
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT scheduled_at, started_at FROM countjobs_execution")
        assert len(cursor.fetchall()) == 1


def test_none_numbers_and_json_come_back_as_they_went() -> None:
    parameters = {"z": "1", "a": {"deep": [1, None, True]}, "m": "text"}
    (inserted,) = _insert(_row(parameters=parameters, folded=2**62, attempt=32_000))
    assert inserted.started_at is None
    assert (inserted.folded, inserted.attempt) == (2**62, 32_000)
    assert list(inserted.parameters) == ["z", "a", "m"]
    assert inserted.parameters == parameters


def test_json_that_is_only_text_is_still_json() -> None:
    (inserted,) = _insert(_row(parameters="text"))
    assert inserted.parameters == "text"


def test_what_a_constraint_forbids_is_left_out_and_told_apart() -> None:
    _insert(_row(0, output="first"))
    returned = insert_rows(
        Execution, [_row(0, output="second"), _row(1), _row(1)], ["id", "scheduled_at"]
    )
    assert len(returned) == 1
    assert Execution.objects.count() == 2
    assert Execution.objects.get(scheduled_at=NOW).output == "first"


def test_the_fields_asked_for_are_returned() -> None:
    ((pk, job_id, status),) = insert_rows(Execution, [_row()], ["id", "job_id", "status"])
    assert (job_id, status) == ("countjobs.countjob:1", "queued")
    assert Execution.objects.get().pk == pk


@pytest.mark.parametrize("number", [1, 10, 500, 2_000])
def test_any_number_of_rows_is_one_statement(
    number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        returned = insert_rows(Execution, [_row(n) for n in range(number)], ["id"])
    assert len(returned) == number
    changes = [{"id": pk, "status": "running", "output": f"run {pk}"} for (pk,) in returned]
    with django_assert_num_queries(1):
        updated = update_rows(Execution, changes)
    assert sorted(updated) == sorted(pk for (pk,) in returned)
    assert Execution.objects.filter(status="running").count() == number
    assert all(each.output == f"run {each.pk}" for each in Execution.objects.all())


def test_no_rows_are_no_statement(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert insert_rows(Execution, [], ["id"]) == []
        assert update_rows(Execution, []) == []


def test_only_rows_that_meet_the_condition_are_updated() -> None:
    one, two, three = _insert(_row(0, node="us"), _row(1, node="them"), _row(2, node="us"))
    changes = [{"id": each.pk, "status": "failed"} for each in (one, two)]
    assert update_rows(Execution, changes, "node = 'us' OR node = '%%'") == [one.pk]
    statuses = Execution.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == ["failed", "queued", "queued"]
    assert three.status == "queued"


def test_a_row_that_is_not_there_is_not_updated() -> None:
    assert update_rows(Execution, [{"id": 0, "status": "failed"}]) == []


def test_fields_that_are_not_named_are_left_alone() -> None:
    (one,) = _insert(_row(output="kept"))
    update_rows(Execution, [{"id": one.pk, "finished_at": NOW}])
    one.refresh_from_db()
    assert (one.output, one.finished_at, one.status) == ("kept", NOW, "queued")


@pytest.mark.parametrize("next_run_time", [None, NOW])
def test_a_table_with_a_text_key_is_updated(next_run_time: datetime | None) -> None:
    for key in ("it's:1", "b"):
        DjangoJob.objects.create(id=key, next_run_time=NOW - MICROSECOND, job_state=b"state")
    moved = update_rows(DjangoJob, [{"id": "it's:1", "next_run_time": next_run_time}])
    assert moved == ["it's:1"]
    job = DjangoJob.objects.get(id="it's:1")
    assert (job.next_run_time, bytes(job.job_state)) == (next_run_time, b"state")
    assert DjangoJob.objects.get(id="b").next_run_time == NOW - MICROSECOND


def test_an_error_of_the_database_is_raised() -> None:
    with pytest.raises(DatabaseError), CaptureQueriesContext(connection):
        insert_rows(Execution, [_row(job_id=None)], ["id"])
