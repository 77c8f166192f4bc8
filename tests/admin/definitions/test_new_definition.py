"""Issue 8, line 31: a new definition fires nothing before somebody has said when."""

from __future__ import annotations

import re

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory

from countjobs.admin import JobDefinitionAdmin
from countjobs.models import CountJob
from countjobs.triggers import CRON_DEFAULTS
from tests.support.admin_pages import ADD, change_url
from tests.support.definition_form import errors_shown_at, form_values
from tests.support.people import client_of, user_of

pytestmark = pytest.mark.django_db

BLANK = dict.fromkeys(CRON_DEFAULTS, "")
ASKED = "Say when the job runs: fill in at least one field of the schedule."


@pytest.fixture
def client() -> Client:
    return client_of("editor")


def shown_in(page: str) -> dict[str, str]:
    found = re.findall(r'<input type="text" name="(\w+)" (?:value="([^"]*)")?', page)
    return {name: value for name, value in found if name in CRON_DEFAULTS}


def test_the_form_of_a_new_one_begins_without_a_schedule(client: Client) -> None:
    assert shown_in(client.get(ADD).content.decode()) == BLANK
    assert shown_in(client.get(f"{ADD}?hour=3").content.decode()) == BLANK | {"hour": "3"}


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("text", ["", "  ", None])
def test_it_is_not_saved_without_one(client: Client, text: str | None, enabled: bool) -> None:
    """Who enables it later has not said when, either."""
    posted = form_values(BLANK if text is None else dict.fromkeys(CRON_DEFAULTS, text))
    if text is None:
        posted = {name: value for name, value in posted.items() if name not in CRON_DEFAULTS}
    if not enabled:
        del posted["enabled"]
    page = client.post(ADD, posted).content.decode()
    assert ASKED in errors_shown_at("hour", page)
    assert not CountJob.objects.exists()


@pytest.mark.parametrize("name", CRON_DEFAULTS)
def test_one_field_is_enough_and_the_others_are_their_defaults(client: Client, name: str) -> None:
    assert client.post(ADD, form_values({**BLANK, name: "3"})).status_code == 302 or name == "year"
    if name != "year":
        value = "thu" if name == "day_of_week" else "3"
        assert CountJob.objects.get().cron == CRON_DEFAULTS | {name: value}


def test_a_star_is_an_answer(client: Client) -> None:
    assert client.post(ADD, form_values({**BLANK, "minute": "*"})).status_code == 302
    assert CountJob.objects.get().cron == CRON_DEFAULTS


def test_a_crontab_line_is_an_answer(client: Client) -> None:
    posted = form_values({**BLANK, "crontab_line": "* * * * *"})
    page = client.post(ADD, posted).content.decode()
    assert ASKED not in page
    assert shown_in(page) == CRON_DEFAULTS
    page = client.post(ADD, posted | {"crontab_line": "rubbish"}).content.decode()
    assert "is not understood" in errors_shown_at("crontab_line", page) or "five fields" in page
    assert 'id="id_hour_error"' not in page


def test_what_is_saved_as_new_needs_one_too(client: Client) -> None:
    definition = CountJob.objects.create(name="a", hour="3")
    posted = form_values({**BLANK, "name": "b", "_saveasnew": "1"})
    assert ASKED in client.post(change_url(definition), posted).content.decode()
    assert CountJob.objects.count() == 1


def test_one_that_is_there_may_be_emptied_to_the_defaults(client: Client) -> None:
    definition = CountJob.objects.create(name="a", hour="3")
    assert client.post(change_url(definition), form_values(BLANK)).status_code == 302
    definition.refresh_from_db()
    assert definition.cron == CRON_DEFAULTS


class Hours(JobDefinitionAdmin):
    """A page with a part of the schedule."""

    fields = ("name", "messages", "hour")


class NoSchedule(JobDefinitionAdmin):
    """A page with none of it."""

    fields = ("name", "messages")


@pytest.mark.parametrize(("page", "is_asked"), [(Hours, True), (NoSchedule, False)])
def test_a_page_of_your_own_asks_for_what_it_has(
    page: type[JobDefinitionAdmin], is_asked: bool, rf: RequestFactory
) -> None:
    request = rf.get(ADD)
    request.user = user_of("superuser")
    form = page(CountJob, admin.site).get_form(request)(form_values({**BLANK}))
    assert form.is_valid() is not is_asked


def test_code_keeps_the_defaults() -> None:
    assert CountJob.objects.create(name="a").cron == CRON_DEFAULTS
