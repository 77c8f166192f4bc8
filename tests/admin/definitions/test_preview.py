"""The preview of a schedule: a sentence, and the fire times that come next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from django.utils import timezone
from django_apscheduler.models import DjangoJob
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from countjobs.admin import JobDefinitionAdmin
from countjobs.admin.definitions.preview.meaning import COUNT, Preview, preview_of, viewer_zone
from countjobs.admin.definitions.preview.views import preview
from countjobs.jobstores.claims import claim
from countjobs.models import CountJob, Execution
from countjobs.triggers import CRON_DEFAULTS
from countjobs.triggers.upcoming import upcoming
from tests.support.admin_pages import fire_times, words
from tests.support.factories import NOON, SECOND
from tests.support.oracle import trigger
from tests.support.people import client_of, user_of
from tests.support.strategies import dates, expressions, near_changes, steadily, texts

pytestmark = pytest.mark.django_db

ADD = "/admin/countjobs/countjob/preview/"
NEW_YORK = ZoneInfo("America/New_York")


def previewed(client: Client, url: str = ADD, **posted: Any) -> str:
    with time_machine.travel(NOON, tick=False):
        return client.post(url, {"enabled": "on", "timezone": "UTC", **posted}).content.decode()


@pytest.fixture
def client() -> Client:
    return client_of("editor")


# --- The fire times are those of the scheduler

numbers = count()
jitters = st.just(0) | st.integers(1, 3_600)
schedules = st.one_of(texts, dates, st.fixed_dictionaries({"second": expressions("second")}))


@pytest.fixture
def editor() -> User:
    return user_of("editor")


def claimed(definition: CountJob, most: int) -> list[datetime]:
    """What a scheduler claims that is always awake, from the definition's next run on."""
    row = DjangoJob.objects.filter(id=definition.job_id)
    runs = Execution.objects.filter(job_id=definition.job_id).order_by("scheduled_at")
    due = row.get().next_run_time
    while runs.count() < most and due:
        claim(due, limit=10, node="here", busy={})
        due = row.get().next_run_time
    return list(runs.values_list("scheduled_at", flat=True))


@given(near=near_changes(), cron=schedules, jitter=jitters)
@settings(steadily, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_the_preview_tells_is_what_is_claimed(
    editor: User, near: tuple[str, datetime], cron: dict[str, str], jitter: int
) -> None:
    zone, now = near
    values = {"name": f"job {next(numbers)}", "timezone": zone, "jitter": jitter, **cron}
    with time_machine.travel(now, tick=False):
        client = Client()
        client.force_login(editor)
        page = client.post(ADD, values).content.decode()
        definition = CountJob.objects.create(**values, max_instances=1_000)
    expected = fire_times(page)
    assert claimed(definition, COUNT) == expected
    few = ("There are no fire times", "This schedule never runs")
    assert len(expected) == COUNT or any(text in page for text in few)
    definition.delete()


# --- What it shows


def test_the_sentence_and_ten_fire_times_are_told(client: Client) -> None:
    page = previewed(client, hour="9", minute="30", day_of_week="mon-fri")
    assert "at 09:30, Monday to Friday" in words(page)
    assert len(fire_times(page)) == COUNT
    assert "2026-03-05 09:30:00 UTC in 21 h 30 min" in words(page)


@pytest.mark.parametrize(
    ("wait", "text"),
    [
        (timedelta(seconds=1), "in 1 s"),
        (timedelta(seconds=59), "in 59 s"),
        (timedelta(minutes=1), "in 1 min 0 s"),
        (timedelta(hours=3, minutes=20), "in 3 h 20 min"),
        (timedelta(days=400), "in 400 d 0 h"),
    ],
)
def test_it_says_how_soon_each_comes(wait: timedelta, text: str) -> None:
    at = NOON + wait
    definition = CountJob(
        name="a", year=str(at.year), month=str(at.month), day=str(at.day), timezone="UTC"
    )
    definition.hour, definition.minute, definition.second = (
        str(part) for part in (at.hour, at.minute, at.second)
    )
    [row] = preview_of(definition, NOON, UTC).rows
    assert row[-1] == text


def test_the_viewers_zone_is_told_where_its_clock_differs(client: Client) -> None:
    page = previewed(client, hour="9", minute="0", viewer_zone="Asia/Tokyo")
    assert "2026-03-05 09:00:00 UTC 2026-03-05 18:00:00 JST" in words(page)
    assert '<th scope="col">Asia/Tokyo</th>' in page
    page = previewed(client, hour="9", minute="0", viewer_zone="Africa/Abidjan")
    assert "Abidjan" not in page
    assert len(fire_times(page)) == COUNT


def test_a_zone_that_differs_only_after_a_clock_change_is_told() -> None:
    definition = CountJob(name="a", hour="0", minute="0", day="1", timezone="UTC")
    preview = preview_of(definition, datetime(2026, 1, 15, tzinfo=UTC), ZoneInfo("Europe/London"))
    assert preview.zones == ["UTC", "Europe/London"]


@pytest.mark.parametrize("name", ["", "Mars/Phobos", "../etc/passwd", "\0", "localtime", "x" * 999])
def test_a_viewers_zone_that_is_none_is_the_sites(name: str) -> None:
    assert viewer_zone(name) is timezone.get_current_timezone()
    assert viewer_zone("America/New_York") == NEW_YORK


def test_a_schedule_that_ends_says_so(client: Client) -> None:
    page = previewed(client, year="2026", month="3", day="5", hour="9", minute="0,1")
    assert len(fire_times(page)) == 2
    assert "There are no more runs after these." in words(page)


def test_start_end_and_jitter_count(client: Client) -> None:
    posted = {"start_date_0": "2026-04-01", "start_date_1": "00:00", "end_date_0": "2026-04-01"}
    page = previewed(client, **posted, end_date_1="02:00", hour="*", minute="0", jitter="60")
    first, second, third = fire_times(page)
    assert first.replace(second=0, microsecond=0) == datetime(2026, 4, 1, tzinfo=UTC)
    assert first.second or first.microsecond
    assert third - second <= timedelta(hours=1)
    assert (
        previewed(client, **posted, end_date_1="02:00", minute="0", jitter="60", name="b") != page
    )


def test_what_is_not_enabled_is_previewed_with_a_word(client: Client) -> None:
    page = previewed(client, enabled="on")
    assert "not enabled" not in page
    page = client.post(ADD, {"minute": "0"}).content.decode()
    assert "It is not enabled" in page
    assert len(fire_times(page)) == COUNT


def test_blank_fields_are_their_defaults(client: Client) -> None:
    blank = dict.fromkeys(("year", "month", "day", "hour", "minute", "second", "jitter"), "")
    assert "every minute" in words(previewed(client, **blank))


def test_it_is_told_in_japanese(client: Client) -> None:
    headers = {"accept-language": "ja"}
    page = client.post(ADD, {"second": "*/5"}, headers=headers).content.decode()
    assert "5秒ごと" in page


# --- What is wrong


@pytest.mark.parametrize(
    ("posted", "says"),
    [
        ({"hour": "25"}, "Hour: “25” is not understood"),
        ({"day_of_week": "7"}, "Weekdays are mon to sun"),
        ({"timezone": "Mars/Phobos"}, "Time zone: There is no time zone “Mars/Phobos”"),
        ({"timezone": ""}, "Time zone: This field is required"),
        ({"jitter": "-1"}, "Jitter: "),
        ({"jitter": "x"}, "Jitter: Enter a whole number"),
        ({"start_date_0": "tomorrow", "start_date_1": ""}, "Start: Enter a valid date"),
        ({"start_date_0": "9999-12-31", "start_date_1": "23:59"}, "between 1970 and 2199"),
        ({"day": "31", "month": "2"}, "This schedule never runs"),
        ({"year": "2000"}, "This schedule has no more runs"),
        (
            {
                "start_date_0": "2030-01-02",
                "start_date_1": "00:00",
                "end_date_0": "2030-01-01",
                "end_date_1": "00:00",
            },
            "End: The end must not be before the start",
        ),
        ({"hour": "<b>1</b>"}, "Hour: “&lt;b&gt;1&lt;/b&gt;”"),
        ({"hour": "\0"}, "Hour: Null characters are not allowed"),
        ({"hour": "1" * 100_000}, "Hour: Ensure this value has at most 255 characters"),
        ({"minute": "\u202e5"}, "Minute: “\u202e5” is not understood"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_what_is_wrong_is_said_with_the_field_and_nothing_else_shown(
    posted: dict[str, str], says: str, client: Client
) -> None:
    page = previewed(client, **posted)
    assert says in page.replace("&quot;", '"')
    assert fire_times(page) == []


def test_a_name_as_hostile_as_can_be_breaks_nothing(client: Client) -> None:
    for name in ("\0", "<script>", "x" * 100_000, "\ud7ff\u202e"):
        assert len(fire_times(previewed(client, name=name, jitter="5"))) == COUNT


def test_no_schedule_keeps_the_server_busy() -> None:
    ticks = iter([0.0, 0.1, 0.6])
    every_second = trigger("UTC", second="*")
    found = list(upcoming(every_second, NOON, COUNT, clock=lambda: next(ticks)))
    assert found == [NOON + SECOND, NOON + 2 * SECOND]


# --- Who may ask, and how


@pytest.mark.parametrize("key", ["999", "9" * 30, "x", "_00"])
def test_a_definition_that_is_not_there_is_not_found(key: str, client: Client) -> None:
    assert client.post(f"/admin/countjobs/countjob/{key}/preview/").status_code == 404


class Hidden(JobDefinitionAdmin):
    """A page on which some fields can't be edited."""

    exclude = ("timezone", "second", "end_date")


def test_fields_that_a_page_leaves_out_are_those_of_the_stored_definition(
    rf: RequestFactory,
) -> None:
    definition = CountJob.objects.create(name="a", timezone="Asia/Tokyo", second="7")
    request = rf.post("/", {"hour": "9", "minute": "0"})
    request.user = user_of("editor")
    hidden = Hidden(CountJob, admin.site)
    page = words(preview(hidden, request, str(definition.pk)).content.decode())
    assert "at 09:00:07 every day" in page
    assert "09:00:07 JST" in page


# --- On the page, without a script


def test_the_preview_of_a_new_definition_asks_until_a_field_is_filled_in(client: Client) -> None:
    """Issue 8, line 31."""
    blank = dict.fromkeys(CRON_DEFAULTS, "")
    page = previewed(client, **blank)
    assert fire_times(page) == []
    assert "Say when the job runs" in words(page)
    assert len(fire_times(previewed(client, **{**blank, "minute": "0"}))) == COUNT
    definition = CountJob.objects.create(name="a")
    url = f"/admin/countjobs/countjob/{definition.pk}/preview/"
    assert "every minute" in words(previewed(client, url, **blank))


def test_an_empty_preview_says_that_nothing_comes() -> None:
    assert "There are no more runs." in Preview(sentence="x", ends=True).render()
