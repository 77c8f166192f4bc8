"""A crontab line in the definition's form, with the script and without."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.test import Client, RequestFactory
from django.utils.html import strip_tags

from countjobs.admin import JobDefinitionAdmin
from countjobs.models import CountJob
from countjobs.triggers import CRON_DEFAULTS
from tests.support.admin_pages import change_url, said
from tests.support.crontab_lines import REFUSED
from tests.support.definition_form import errors_shown_at, form_values
from tests.support.people import user_of

pytestmark = pytest.mark.django_db

ADD = "/admin/countjobs/countjob/add/"
ASK = "/admin/countjobs/countjob/crontab/"

TRIED = {
    *("rubbish", "0 0 13 * 5", "0 0 12 * * ?", "*/0 * * * *", "60 * * * *", "@reboot"),
    *("<b> * * * *", "%(part)s {0} * * *", "TZ=Tokyo 0 9 * * *", "0 9 * * *\0"),
    *("0 9 * * \u202e1", "* * * * * " + "x" * 100_000),
}
"""Some of the lines that are refused. All are tried on the parser."""

SENT = [(line, says) for line, says in REFUSED if line in TRIED]


def shown_in(page: str) -> dict[str, str]:
    """The eight inputs of a page."""
    return {
        name: unescape(value)
        for name, value in re.findall(r'<input type="text" name="(\w+)" value="([^"]*)"', page)
        if name in CRON_DEFAULTS
    }


# --- Without a script


def test_a_line_fills_the_form_and_is_saved_only_when_it_was_seen(client: Client) -> None:
    line = "30 9 * * 1-5 root /usr/bin/backup"
    response = client.post(ADD, form_values({"crontab_line": line, "hour": "3"}))
    page = response.content.decode()
    filled = CRON_DEFAULTS | {"hour": "9", "minute": "30", "day_of_week": "mon-fri"}
    assert shown_in(page) == filled
    assert "at 09:30, Monday to Friday" in page
    assert said(response) == [
        "The fields are filled in. Nothing is saved yet."
        " “root /usr/bin/backup” is ignored: the definition, not the line, says what runs."
    ]
    assert "Please correct" not in page
    assert line not in strip_tags(page)
    assert not CountJob.objects.exists()

    client.post(ADD, form_values({**filled, "crontab_line": ""}))
    assert CountJob.objects.get().cron == filled


def test_a_definition_stays_as_it_is_until_what_was_filled_in_is_saved(client: Client) -> None:
    definition = CountJob.objects.create(name="good")
    posted = form_values({"crontab_line": "@hourly"})
    page = client.post(change_url(definition), posted).content.decode()
    assert shown_in(page)["minute"] == "0"
    client.post(change_url(definition), {**posted, "_saveasnew": "1", "name": "other"})
    assert list(CountJob.objects.values_list("name", "minute")) == [("good", "*")]


def test_a_line_that_is_blank_is_none(client: Client) -> None:
    client.post(ADD, form_values({"crontab_line": " \n", "hour": "3"}))
    assert CountJob.objects.get().hour == "3"


@pytest.mark.parametrize(("line", "says"), SENT, ids=lambda value: ascii(value[:40]))
def test_a_line_that_is_refused_is_refused_at_its_input(
    line: str, says: str, client: Client
) -> None:
    response = client.post(ADD, form_values({"crontab_line": line}))
    assert response.status_code == 200
    error = unescape(errors_shown_at("crontab_line", response.content.decode()))
    assert says in error or "Null characters" in error
    assert not CountJob.objects.exists()


def test_what_is_wrong_elsewhere_is_said_with_the_filled_fields(client: Client) -> None:
    posted = form_values({"crontab_line": "@daily", "timezone": "America"})
    page = client.post(ADD, posted).content.decode()
    assert "There is no time zone" in errors_shown_at("timezone", page)
    assert shown_in(page)["hour"] == "0"


# --- With it


def test_a_line_is_translated_for_the_script(client: Client) -> None:
    answer = client.post(ASK, {"crontab_line": "0 0 * * 7"}).json()
    assert answer["fields"] == CRON_DEFAULTS | {"hour": "0", "minute": "0", "day_of_week": "sun"}
    assert answer["note"] == "The fields are filled in. Nothing is saved yet."


@pytest.mark.parametrize(("line", "says"), SENT, ids=lambda value: ascii(value[:40]))
def test_a_line_that_is_refused_is_refused_with_words(line: str, says: str, client: Client) -> None:
    answer = client.post(ASK, {"crontab_line": line}).json()
    assert list(answer) == ["error"]
    assert says in answer["error"]


def test_a_zone_is_filled_in_with_the_script_and_without(client: Client) -> None:
    """Issue 8, line 32."""
    line = "CRON_TZ=Europe/Berlin\n30 9 * * *"
    answer = client.post(ASK, {"crontab_line": line}).json()
    assert answer["fields"]["timezone"] == "Europe/Berlin"
    assert "Time zone: Europe/Berlin." in answer["note"]
    response = client.post(ADD, form_values({"crontab_line": line, "timezone": "Asia/Tokyo"}))
    page = response.content.decode()
    assert re.search(r'name="timezone" value="Europe/Berlin"', page)
    assert shown_in(page)["hour"] == "9"


def test_a_refusal_is_told_in_japanese(client: Client) -> None:
    posted = {"crontab_line": "0 0 13 * 5"}
    answer = client.post(ASK, posted, headers={"accept-language": "ja"}).json()
    assert "両方を制限しています" in answer["error"]


def test_no_line_at_all_is_refused(client: Client) -> None:
    assert "No schedule was found" in client.post(ASK).json()["error"]


def test_the_page_has_the_input_and_its_scripts_are_modules(client: Client) -> None:
    page = client.get(ADD).content.decode()
    assert 'data-countjobs-crontab="../crontab/"' in page
    assert '<script src="/static/countjobs/crontab.js" type="module">' in page
    assert '<script src="/static/countjobs/preview.js" type="module">' in page


# --- Somebody's own pages


class Own(JobDefinitionAdmin):
    """A page with fields of its own choice."""

    fields = ("name", "messages", "hour")


class OwnForm(JobDefinitionAdmin):
    """A page with a form that knows nothing of crontabs."""

    form = forms.ModelForm


@pytest.mark.parametrize("kind", [Own, OwnForm])
def test_a_page_without_the_input_works(kind: type[JobDefinitionAdmin], rf: RequestFactory) -> None:
    page = kind(CountJob, admin.site)
    request = rf.get(ADD)
    request.user = user_of("superuser")
    response: Any = page.add_view(request)
    content = response.render().content.decode()
    assert 'name="hour"' in content
    assert "Paste a crontab line" not in content
    form = page.get_form(request)(form_values({"hour": "3"}))
    assert form.is_valid()
    assert form.instance.hour == "3"
