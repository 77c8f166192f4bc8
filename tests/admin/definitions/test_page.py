"""The page of a definition: its form, and what is said when it is saved."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from countjobs.admin import JobDefinitionAdmin
from countjobs.admin.definitions.columns import Facts
from countjobs.admin.links import Links
from countjobs.forms import OrderedJSONFormField
from countjobs.models import CountJob, JobDefinition
from tests.app.models import Greeting
from tests.support.admin_pages import ADD, LIST, change_url, said, told
from tests.support.definition_form import form_values
from tests.support.factories import NOON, make_due, make_execution

pytestmark = pytest.mark.django_db


def test_saving_says_when_it_runs_next_in_its_zone(client: Client) -> None:
    posted = form_values({"year": "2090", "month": "1", "day": "1", "hour": "0", "minute": "0"})
    response = client.post(ADD, {**posted, "timezone": "Asia/Tokyo"})
    assert "Next run: 2090-01-01 00:00:00 JST" in said(response)
    response = client.post(change_url(CountJob.objects.get()), {**posted, "hour": "5"})
    assert "Next run: 2090-01-01 05:00:00 UTC" in said(response)


def test_saving_a_disabled_definition_says_that_it_wont_run(client: Client) -> None:
    posted = form_values({})
    del posted["enabled"]
    assert "It won't run: it is not enabled." in said(client.post(ADD, posted))


def test_the_change_page_tells_the_next_run_and_links_to_the_history(client: Client) -> None:
    definition = CountJob.objects.create(name="a", timezone="Asia/Tokyo")
    make_due(definition.job_id, NOON)
    page = client.get(change_url(definition)).content.decode()
    assert "2026-03-04" in page
    assert "21:00:00 JST" in page
    assert "/admin/countjobs/execution/?job_id=countjobs.countjob%3A" in page


def test_the_change_page_keeps_its_facts_when_the_form_is_refused(client: Client) -> None:
    definition = CountJob.objects.create(name="a", timezone="Asia/Tokyo")
    make_due(definition.job_id, NOON)
    response = client.post(change_url(definition), form_values({"timezone": "No/Zone"}))
    assert "21:00:00 JST" in response.content.decode()


def test_a_definition_can_be_saved_as_a_new_one(client: Client) -> None:
    definition = CountJob.objects.create(name="a")
    posted = {**form_values({"name": "b"}), "_saveasnew": "1"}
    client.post(change_url(definition), posted)
    assert set(CountJob.objects.values_list("name", flat=True)) == {"a", "b"}


def test_saving_as_new_under_the_same_name_makes_a_copy_that_starts_as_typed(
    client: Client,
) -> None:
    definition = CountJob.objects.create(name="a", count=1)
    for _copy in range(2):
        posted = {**form_values({"name": "a", "count": "7"}), "_saveasnew": "1"}
        assert client.post(change_url(definition), posted).status_code == 302
    copies = CountJob.objects.exclude(pk=definition.pk)
    assert {(each.name, each.count) for each in copies} == {("a (copy)", 7), ("a (copy 2)", 7)}  # type: ignore[attr-defined]  # the queryset's type is the base's


def test_a_copy_of_a_copy_with_a_long_name_has_a_name_of_its_own(client: Client) -> None:
    definition = CountJob.objects.create(name="n" * 193 + " (copy)")
    posted = {**form_values({"name": definition.name}), "_saveasnew": "1"}
    assert client.post(change_url(definition), posted).status_code == 302
    copied = CountJob.objects.exclude(pk=definition.pk).get()
    assert copied.name.startswith("n" * 180)
    assert copied.name.endswith("n (copy 2)")


def test_saving_as_new_under_the_name_of_a_third_is_refused_at_the_name(client: Client) -> None:
    definition = CountJob.objects.create(name="a")
    CountJob.objects.create(name="b")
    posted = {**form_values({"name": "b"}), "_saveasnew": "1"}
    response = client.post(change_url(definition), posted)
    assert response.status_code == 200
    assert "already exists" in response.content.decode()


def test_the_order_of_messages_is_kept_through_the_form(client: Client) -> None:
    text = '{"z": "1", "a": "2", "m": "3"}'
    client.post(ADD, form_values({"messages": text}))
    definition = CountJob.objects.get()
    assert list(definition.messages) == ["z", "a", "m"]
    client.post(change_url(definition), form_values({"messages": '{"m": "3", "z": "1", "a": "2"}'}))
    definition.refresh_from_db()
    assert list(definition.messages) == ["m", "z", "a"]
    assert "messages" in LogEntry.objects.latest("pk").change_message.lower()


def test_empty_messages_are_no_messages(client: Client) -> None:
    client.post(ADD, form_values({"messages": "  "}))
    assert CountJob.objects.get().messages == {}


def test_messages_of_any_language_are_shown_as_they_are(client: Client) -> None:
    definition = CountJob.objects.create(name="a", messages={"一": "いち"})
    assert "いち" in client.get(change_url(definition)).content.decode()


def test_messages_that_nobody_validated_dont_break_the_page(client: Client) -> None:
    [definition] = CountJob.objects.bulk_create([CountJob(name="a", messages={"a": "\ud800"})])
    page = client.get(change_url(definition)).content.decode()
    assert "\\ud800" in page
    assert told(client, "next_run").endswith("broken")


def test_a_field_that_the_form_was_given_unreadable_counts_as_changed() -> None:
    field = OrderedJSONFormField()
    assert field.has_changed({}, "{")
    assert not field.has_changed({"a": "b"}, '{"a":"b"}')


@pytest.mark.parametrize(
    ("error", "due", "text"),
    [
        ("no such zone", NOON, "It won't run: no such zone"),
        ("", None, "its schedule has ended"),
        ("", NOON, "due since 2026-03-04 12:00:00 UTC, but no scheduler has claimed it yet"),
    ],
)
def test_a_definition_that_wont_run_or_is_overdue_is_announced_with_the_reason(
    error: str, due: datetime | None, text: str
) -> None:
    links = Links(HttpRequest(), admin.site)
    facts = Facts(CountJob(), "", UTC, True, due, error, last=None, runs=(), links=links)
    assert text in facts.announcement()[1]


class Tidied(JobDefinitionAdmin):
    """Somebody's own page of a kind of definition."""

    fields = ("name", "greeted")


class Shortened(JobDefinitionAdmin):
    """Another one."""

    exclude = (
        *("description", "week", "misfire_grace_time", "max_instances", "executor"),
        *("coalesce", "overlap"),
    )


def test_fieldsets_can_be_ones_own_or_leave_fields_out(rf: RequestFactory) -> None:
    tidied = Tidied(Greeting, admin.site).get_fieldsets(rf.get("/"))
    assert tidied == [(None, {"fields": ("name", "greeted")})]
    short = Shortened(Greeting, admin.site).get_fieldsets(rf.get("/"))
    titles = [str(title) for title, _options in short]
    wrong = "If something goes wrong"
    assert titles[-3:] == ["Time zone and period", wrong, "How long runs are kept"]
    assert ("year", "month", "day") in short[2][1]["fields"]


def test_dates_say_in_whose_zone_they_are_read(client: Client) -> None:
    with timezone.override("Asia/Kolkata"):
        page = client.get(ADD).content.decode()
    assert "Asia/Kolkata" in page.split("id_start_date_helptext")[-1]


def test_the_zones_to_choose_from_are_all_there(client: Client) -> None:
    page = client.get(ADD).content.decode()
    assert '<option value="Asia/Tokyo">' in page
    assert 'list="id_timezone_choices"' in page


def test_a_second_kind_has_pages_with_its_own_fields(client: Client) -> None:
    posted = {**form_values({}), "greeted": "World", "times": "2"}
    response = client.post("/admin/app/greeting/add/", posted)
    assert response.status_code == 302
    greeting = Greeting.objects.get()
    page = client.get(change_url(greeting)).content.decode()
    assert 'value="World"' in page
    assert "Next run" in page
    assert client.get("/admin/app/greeting/").status_code == 200


def test_an_absurd_page_address_is_not_an_error_of_ours(client: Client) -> None:
    assert client.get(f"{LIST}?timezone=%00").status_code == 302
    assert client.get(f"{LIST}?q=%00").status_code == 302
    assert client.get(f"{LIST}999999999999999999999999/change/").status_code == 302


@pytest.mark.parametrize("date", ["0", "tomorrow", "9999-99-99", "%00"])
def test_a_date_in_the_add_page_s_address_that_is_none_is_left_out(
    client: Client, date: str
) -> None:
    page = client.get(f"{ADD}?start_date={date}&name=given").content.decode()
    assert 'value="given"' in page
    assert re.search(r'<input type="text" name="start_date_0"(?! value)', page)


def test_a_date_in_the_add_page_s_address_is_taken(client: Client) -> None:
    assert (
        'value="2030-01-02"' in client.get(f"{ADD}?start_date=2030-01-02T03:04Z").content.decode()
    )


def test_a_definition_whose_messages_raw_sql_nested_too_deeply_can_be_edited(
    client: Client,
) -> None:
    definition = CountJob.objects.create(name="a")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE countjobs_countjob SET messages = %s", ["[" * 100_000])
    assert client.get(LIST).status_code == 200
    assert client.get(change_url(definition)).status_code == 200


def test_a_name_that_another_takes_at_the_same_moment_is_refused(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    CountJob.objects.create(name="taken")
    checks = iter([lambda *args, **kwargs: None])  # the first check comes before the other's save

    def validate_unique(self: CountJob, *args: Any, **kwargs: Any) -> None:
        next(checks, JobDefinition.validate_unique)(self, *args, **kwargs)

    monkeypatch.setattr(CountJob, "validate_unique", validate_unique)
    response = client.post(ADD, form_values({"name": "taken"}))
    assert "Count job with this Name already exists." in response.content.decode()
    assert CountJob.objects.count() == 1


def test_our_pages_have_no_inline_script_or_style(client: Client) -> None:
    definition = CountJob.objects.create(name="a")
    execution = make_execution(job_id=definition.job_id)
    pages = [
        "/admin/",
        LIST,
        ADD,
        change_url(definition),
        reverse("admin:countjobs_countjob_run", args=[definition.pk]),
        "/admin/countjobs/execution/",
        reverse("admin:countjobs_execution_change", args=[execution.pk]),
        "/admin/countjobs/schedulernode/",
        "/admin/countjobs/parkedjob/",
    ]
    for url in pages:
        page = client.get(url).content.decode()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page), url
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", page)), url
