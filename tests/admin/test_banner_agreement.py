"""The banner's word that the job store and the definitions differ."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_apscheduler.models import DjangoJob

from countjobs.admin.banner import agreement
from countjobs.admin.banner.agreement import SECONDS, differing_rows
from countjobs.models import CountJob
from tests.app.models import Greeting
from tests.support.factories import NOON, make_node
from tests.support.people import client_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon_clock")]

DIFFER = "The job store and the definitions differ."


@pytest.fixture
def client() -> Client:
    make_node(NOON)
    return client_of("viewer")


def raw(sql: str, *values: bool) -> None:
    """What goes behind the app's back."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def break_it(how: str) -> None:
    """Make one of the rows differ."""
    match how:
        case "missing":
            raw("DELETE FROM django_apscheduler_djangojob")
        case "left over":
            raw("DELETE FROM countjobs_countjob")
        case "paused":
            raw("UPDATE countjobs_countjob SET enabled = %s", False)
        case "resumed":
            CountJob.objects.update(enabled=False)
            raw("UPDATE countjobs_countjob SET enabled = %s", True)
        case "schedule":
            raw("UPDATE countjobs_countjob SET hour = '5'")
        case "put off":
            DjangoJob.objects.update(next_run_time=NOON + timedelta(days=9))


@pytest.mark.parametrize(
    "how", ["missing", "left over", "paused", "resumed", "schedule", "put off"]
)
def test_the_banner_says_so_until_it_is_mended(how: str, client: Client) -> None:
    CountJob.objects.create(name="a")
    assert DIFFER not in client.get("/admin/").content.decode()
    break_it(how)
    cache.clear()
    page = client.get("/admin/").content.decode()
    assert DIFFER in page
    assert "1 definition differs from what schedulers run" in page
    assert "manage.py syncjobs" in page
    call_command("syncjobs", verbosity=0)
    cache.clear()
    assert DIFFER not in client.get("/admin/").content.decode()


def test_what_agrees_is_not_complained_of(client: Client) -> None:
    CountJob.objects.create(name="plain")
    CountJob.objects.create(name="paused", enabled=False)
    fields = {"year": "2026", "month": "3", "day": "4", "hour": "12", "minute": "1"}
    over = CountJob.objects.create(name="over", **fields)
    CountJob.objects.bulk_create([CountJob(name="broken", timezone="Mars/Phobos")])
    Greeting.objects.create(name="hello", greeted="you")
    DjangoJob.objects.filter(id=over.job_id).update(next_run_time=None)
    tomorrow = NOON + timedelta(days=1)
    with time_machine.travel(tomorrow, tick=False):
        assert differing_rows([CountJob, Greeting], tomorrow) == 0


def test_only_who_may_view_the_definitions_is_told(client: Client) -> None:
    Greeting.objects.create(name="hello", greeted="you")
    raw("DELETE FROM django_apscheduler_djangojob")
    assert DIFFER not in client.get("/admin/").content.decode()
    assert DIFFER not in client_of("nobody").get("/admin/").content.decode()
    assert DIFFER in client_of("superuser").get("/admin/").content.decode()


def test_it_is_looked_into_once_a_minute(
    client: Client, noon_clock: time_machine.Traveller
) -> None:
    CountJob.objects.create(name="a")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get("/admin/")
        return len(captured)

    first, second = queries(), queries()
    assert second < first
    break_it("missing")
    assert DIFFER not in client.get("/admin/").content.decode()
    noon_clock.shift(SECONDS + 1)
    make_node(NOON + timedelta(seconds=SECONDS + 1))
    assert DIFFER in client.get("/admin/").content.decode()


def test_the_look_takes_as_many_queries_for_thirty_definitions_as_for_three() -> None:
    def queries(count: int) -> int:
        cache.clear()
        CountJob.objects.bulk_create(
            CountJob(name=f"n{n}") for n in range(CountJob.objects.count(), count)
        )
        with CaptureQueriesContext(connection) as captured:
            assert differing_rows([CountJob], NOON) == 0
        return len(captured)

    queries(1)
    assert queries(3) == queries(30)


def test_many_definitions_are_looked_at_by_turns_and_what_was_found_stays_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(agreement, "AT_ONCE", 2)
    CountJob.objects.bulk_create(CountJob(name=f"n{n}") for n in range(5))
    raw("UPDATE countjobs_countjob SET hour = '5' WHERE name = 'n3'")

    def turns(count: int) -> list[int]:
        found = []
        for _ in range(count):
            cache.delete(agreement._KEY)
            found.append(differing_rows([CountJob], NOON))
        return found

    assert turns(5) == [0, 1, 1, 1, 1]
    call_command("syncjobs", verbosity=0)
    assert turns(1) == [0]


def test_an_edit_that_is_made_while_it_looks_is_no_difference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    definition = CountJob.objects.create(name="a")
    looks = iter([[definition.pk]])
    monkeypatch.setattr("countjobs.jobstores.differences.disagreeing", lambda *_: next(looks, []))
    assert differing_rows([CountJob], NOON) == 0
