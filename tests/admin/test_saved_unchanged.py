"""A page that is saved as it was shown changes nothing, whatever the definition holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from pytest_django import Settings

from countjobs.models import CountJob, Execution
from tests.app.models import Greeting
from tests.support.admin_pages import change_url
from tests.support.definition_form import Browser, save
from tests.support.factories import NOON

pytestmark = pytest.mark.django_db


def changes() -> list[str]:
    """The fields that the history of changes tells of, newest first."""
    return [entry.change_message for entry in LogEntry.objects.order_by("-pk")]


MOMENTS = [NOON.replace(microsecond=1), NOON.replace(microsecond=120_000, second=5)]


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(
    ("language", "zone"), [("en", "UTC"), ("ja", "America/St_Johns"), ("fi", "UTC")]
)
def test_moments_keep_their_microseconds(
    moment: datetime, language: str, zone: str, client: Client, settings: Settings
) -> None:
    settings.LANGUAGE_CODE, settings.TIME_ZONE = language, zone
    settings.LANGUAGES = [(language, language)]
    end = moment.replace(year=2030)
    before = CountJob.objects.create(name="a", start_date=moment, end_date=end)
    after = save(client, before)
    assert (after.start_date, after.end_date) == (moment, end)
    assert changes() == ["[]"]


def test_a_time_without_microseconds_is_shown_without_them(client: Client) -> None:
    definition = CountJob.objects.create(name="a", start_date=NOON)
    assert 'value="12:00:00"' in client.get(change_url(definition)).content.decode()


REPEATED = [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1)]
"""Both are 02:30 in Berlin."""


@pytest.fixture
def _berlin(settings: Settings) -> None:
    settings.TIME_ZONE = "Europe/Berlin"


@pytest.mark.usefixtures("_berlin")
@pytest.mark.parametrize("start", REPEATED)
def test_a_start_in_the_hour_that_the_clocks_repeat_keeps_nothing_from_being_saved(
    start: datetime, client: Client
) -> None:
    before = CountJob.objects.create(name="a", start_date=start)
    after = save(client, before, name="b")
    assert (after.name, after.start_date) == ("b", start)
    assert changes() == ['[{"changed": {"fields": ["name"]}}]']


@pytest.mark.usefixtures("_berlin")
def test_such_a_start_is_no_error_to_the_preview_unless_it_is_typed(client: Client) -> None:
    definition = CountJob.objects.create(name="a", start_date=REPEATED[1])
    url = change_url(definition)
    sent: dict[str, Any] = Browser(client.get(url).content.decode()).sent
    preview = url.replace("change", "preview")
    assert "errorlist" not in client.post(preview, sent).content.decode()
    for refused in (preview, url):
        page = client.post(refused, sent | {"start_date_1": "02:45"}).content.decode()
        assert "2026-10-25 02:45:00 couldn’t be interpreted in time zone Europe/Berlin" in page


TEXTS = ["a\nb", "a\r\nb", "a\rb\n", "  a  \n\n b\n", "\n\na", " ", "", "\t猫 <b>&amp;\r\n"]


@pytest.mark.parametrize("text", TEXTS)
def test_text_keeps_the_ends_of_its_lines_and_the_spaces_around_it(
    text: str, client: Client
) -> None:
    before = CountJob.objects.create(name=" a ", description=text)
    after = save(client, before)
    assert (after.name, after.description) == (" a ", text)
    assert changes() == ["[]"]


def test_text_that_is_typed_anew_is_taken_as_django_takes_it(client: Client) -> None:
    before = CountJob.objects.create(name=" a ", description=" b\n")
    after = save(client, before, name=" c ", description=" b\r\nd ")
    assert (after.name, after.description) == ("c", "b\r\nd")
    assert changes() == ['[{"changed": {"fields": ["name", "description"]}}]']


def test_text_that_was_emptied_is_empty(client: Client) -> None:
    before = CountJob.objects.create(name="a", description=" b")
    assert save(client, before, description="").description == ""


def test_text_that_is_as_it_was_overrides_nothing_in_a_run(client: Client) -> None:
    greeting = Greeting.objects.create(name="a", greeted=" you ")
    url = f"/admin/app/greeting/{greeting.pk}/run/"
    sent: dict[str, Any] = Browser(client.get(url).content.decode()).sent
    assert sent["greeted"] == [" you "]
    assert client.post(url, sent).status_code == 302
    assert Execution.objects.get().parameters == {}
