"""The preview on the page of a definition, without a script."""

from __future__ import annotations

import pytest
from django.test import Client

from countjobs.admin.definitions.preview.meaning import COUNT
from countjobs.models import CountJob
from tests.support.admin_pages import change_url, fire_times, words
from tests.support.definition_form import form_values
from tests.support.people import client_of

pytestmark = pytest.mark.django_db


PAGE = "/admin/countjobs/countjob/add/"


@pytest.fixture
def client() -> Client:
    return client_of("editor")


def test_the_page_of_a_definition_shows_its_next_ten_fire_times(client: Client) -> None:
    definition = CountJob.objects.create(name="a", hour="9", minute="0", timezone="Asia/Tokyo")
    page = client.get(change_url(definition)).content.decode()
    assert "at 09:00 every day" in page
    assert len(fire_times(page)) == COUNT
    assert '<th scope="col">UTC</th>' in page


def test_who_may_only_look_sees_them_too() -> None:
    definition = CountJob.objects.create(name="a")
    page = client_of("viewer").get(change_url(definition)).content.decode()
    assert len(fire_times(page)) == COUNT
    assert "Paste a crontab line" not in page


def test_the_add_page_asks_when_and_shows_what_an_address_gives(client: Client) -> None:
    """Issue 8, line 31."""
    page = client.get(PAGE).content.decode()
    assert fire_times(page) == []
    assert "Say when the job runs" in words(page)
    page = client.get(f"{PAGE}?hour=9&minute=15").content.decode()
    assert "at 09:15 every day" in words(page)
    assert len(fire_times(page)) == COUNT


def test_a_form_that_is_refused_shows_those_of_what_was_typed(client: Client) -> None:
    posted = form_values({"name": "", "hour": "9", "minute": "15"})
    page = client.post(PAGE, posted).content.decode()
    assert "at 09:15 every day" in page
    page = client.post(PAGE, form_values({"hour": "25"})).content.decode()
    assert fire_times(page) == []


@pytest.mark.parametrize("values", [{"timezone": "Mars/Phobos"}, {"hour": "x"}, {"second": "99"}])
def test_a_definition_that_nobody_validated_shows_what_is_wrong(
    values: dict[str, str], client: Client
) -> None:
    definition = CountJob.objects.create(name="a")
    CountJob.objects.update(**values)
    page = client.get(change_url(definition)).content.decode()
    assert fire_times(page) == []
    assert "errorlist" in page
