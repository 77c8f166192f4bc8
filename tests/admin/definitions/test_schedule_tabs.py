"""The three types of schedule in the form and its preview, and definitions that have ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.test import Client
from django.utils.html import strip_tags

from countjobs.models import CountJob
from tests.support.admin_pages import change_url
from tests.support.definition_form import errors_shown_at, form_values, save
from tests.support.job_rows import row

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 29, 12, 30, 15, 600_000, tzinfo=UTC)
ADD = "/admin/countjobs/countjob/add/"
LIST = "/admin/countjobs/countjob/"


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def posted(client: Client, **fields: str) -> Any:
    """The response to a new definition. Without `minute` it has no cron field."""
    values = form_values({"minute": "", "run_at_0": "", "run_at_1": "", **fields})
    return client.post(ADD, values)


def said(response: Any) -> list[str]:
    return [str(each) for each in get_messages(response.wsgi_request)]


def preview(client: Client, url: str = f"{ADD}../preview/", **fields: str) -> str:
    values = {"timezone": "UTC", "enabled": "on", "name": "x", **fields}
    found = client.post(url.replace("add/../", ""), values).content.decode()
    return strip_tags(found)


def test_promise_35_an_interval_is_counted_from_when_it_is_saved(admin_client: Client) -> None:
    response = posted(admin_client, schedule_type="interval", every_0="90", every_1="60")
    definition = CountJob.objects.get()
    assert (definition.schedule_type, definition.every) == ("interval", 5_400)
    assert definition.start_date == NOW.replace(microsecond=0)
    assert row(definition.job_id).next_run_time == definition.start_date + timedelta(minutes=90)
    assert "Next run: 2026-11-29 14:00:15 UTC" in said(response)


def test_an_interval_is_shown_in_its_largest_unit_and_keeps_its_grid_when_saved_again(
    admin_client: Client,
) -> None:
    start = NOW - timedelta(days=10, seconds=7)
    definition = CountJob.objects.create(
        name="a", schedule_type="interval", every=7_200, start_date=start
    )
    before = row(definition.job_id).next_run_time
    page = admin_client.get(change_url(definition)).content.decode()
    assert 'name="every_0" value="2"' in page
    assert '<option value="3600" selected>hours</option>' in page
    save(admin_client, definition, description="else", group="night")
    assert (definition.every, definition.start_date) == (7_200, start)
    assert row(definition.job_id).next_run_time == before
    (entry,) = LogEntry.objects.all()
    assert entry.get_change_message() == "Changed group and description."


def test_promise_35_a_single_moment_runs_once(admin_client: Client) -> None:
    posted(admin_client, schedule_type="once", run_at_0="2026-12-24", run_at_1="18:00")
    definition = CountJob.objects.get()
    assert definition.run_at == datetime(2026, 12, 24, 18, tzinfo=UTC)
    assert row(definition.job_id).next_run_time == definition.run_at
    assert "once, on 2026-12-24 at 18:00" in admin_client.get(LIST).content.decode()


@pytest.mark.parametrize(
    ("field", "fields", "message"),
    [
        ("every", {"schedule_type": "interval"}, "Say how long the interval is."),
        ("every", {"schedule_type": "interval", "every_0": "0", "every_1": "60"}, "greater than"),
        ("every", {"schedule_type": "interval", "every_0": "x", "every_1": "60"}, "whole number"),
        ("every", {"schedule_type": "interval", "every_0": "5", "every_1": "7"}, "valid choice"),
        ("every", {"schedule_type": "interval", "every_0": "5", "every_1": ""}, "Choose a unit."),
        (
            "every",
            {"schedule_type": "interval", "every_0": "9" * 30, "every_1": "60"},
            "at most 5270400 minutes",
        ),
        ("run_at", {"schedule_type": "once"}, "Say when the job runs."),
        (
            "run_at",
            {"schedule_type": "once", "run_at_0": "2026-11-29", "run_at_1": "12:30"},
            "This moment has passed.",
        ),
        (
            "run_at",
            {"schedule_type": "once", "run_at_0": "3026-11-29", "run_at_1": "12:30"},
            "between 1970 and",
        ),
        ("schedule_type", {"schedule_type": "never"}, "not one of the available choices"),
        ("hour", {"schedule_type": "cron"}, "Say when the job runs: fill in at least one field"),
        ("hour", {"schedule_type": "interval", "every_0": "5", "every_1": "1", "hour": "x"}, "“x”"),
    ],
)
def test_what_is_missing_or_wrong_is_said_at_its_field(
    admin_client: Client, field: str, fields: dict[str, str], message: str
) -> None:
    response = posted(admin_client, **fields)
    assert response.status_code == 200
    assert message in errors_shown_at(field, response.content.decode())
    assert not CountJob.objects.exists()


@pytest.mark.parametrize(
    ("fields", "sentence", "first"),
    [
        (
            {"schedule_type": "interval", "every_0": "5", "every_1": "60"},
            "every 5 minutes, counted from when it is saved",
            "12:35:15 UTC",
        ),
        (
            {
                "schedule_type": "interval",
                "every_0": "3",
                "every_1": "86400",
                "start_date_0": "2026-11-01",
                "start_date_1": "09:30",
            },
            "every 3 days at 09:30, counted from 2026-11-01 09:30:00 UTC",
            "2026-12-01 09:30:00 UTC",
        ),
        (
            {"schedule_type": "once", "run_at_0": "2026-12-24", "run_at_1": "18:00:01"},
            "once, on 2026-12-24 at 18:00:01",
            "2026-12-24 18:00:01 UTC",
        ),
        ({"schedule_type": "interval"}, "Say how long the interval is.", ""),
        ({"schedule_type": "once"}, "Say when the job runs.", ""),
    ],
)
def test_the_preview_says_what_it_means(
    admin_client: Client, fields: dict[str, str], sentence: str, first: str
) -> None:
    found = preview(admin_client, **fields)
    assert sentence in found
    assert first in found


def test_the_preview_of_a_stored_interval_is_what_is_stored(admin_client: Client) -> None:
    definition = CountJob.objects.create(
        name="a", schedule_type="interval", every=60, start_date=NOW - timedelta(seconds=20.6)
    )
    page = strip_tags(admin_client.get(change_url(definition)).content.decode())
    assert "every minute, counted from 2026-11-29 12:29:55 UTC" in page
    assert "2026-11-29 12:30:55 UTC" in page


def test_a_pasted_crontab_line_makes_it_cron_fields(admin_client: Client) -> None:
    response = posted(
        admin_client, schedule_type="interval", every_0="5", every_1="60", crontab_line="0 3 * * *"
    )
    form = response.context["adminform"].form
    assert (form["schedule_type"].value(), form["hour"].value()) == ("cron", "3")


def test_a_post_that_doesn_t_name_a_type_keeps_the_stored_one(admin_client: Client) -> None:
    definition = CountJob.objects.create(name="a", schedule_type="interval", every=60)
    assert definition.start_date
    fields = {
        "name": "b",
        "every_0": "1",
        "every_1": "60",
        "start_date": f"{definition.start_date:%Y-%m-%d %H:%M:%S}",
    }
    admin_client.post(change_url(definition), form_values(fields))
    definition.refresh_from_db()
    assert (definition.name, definition.schedule_type) == ("b", "interval")


# Groups


def test_the_groups_in_use_are_offered(admin_client: Client) -> None:
    for number, group in enumerate(["night", "mail", "night", ""]):
        CountJob.objects.create(name=str(number), group=group)
    page = admin_client.get(ADD).content.decode()
    assert page.index('<option value="mail">') < page.index('<option value="night">')
    assert (
        '<option value="">' not in page.partition("id_group_choices")[2].partition("</datalist")[0]
    )


def test_only_groups_of_kinds_that_one_may_view_are_offered(
    client: Client, django_user_model: Any
) -> None:
    CountJob.objects.create(name="a", group="secret")
    user = django_user_model.objects.create_user("f", is_staff=True)
    names = ["add_functionjob", "view_functionjob"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(user)
    assert "secret" not in client.get("/admin/countjobs/functionjob/add/").content.decode()
