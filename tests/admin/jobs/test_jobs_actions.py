"""The buttons of the page “Jobs”: for those ticked, for all that match, and for one row."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.test import Client

from countjobs.admin.jobs import acting, views
from countjobs.models import CommandJob, CountJob, Execution, FunctionJob
from tests.app.models import Greeting, Label
from tests.support.admin_pages import said
from tests.support.all_jobs import (
    JOBS,
    KINDS,
    define,
    define_each,
    enabled,
    exported,
    page_of,
    press,
    requested,
    staff_with,
)
from tests.support.factories import code_job, make_node, store_job
from tests.support.people import client_of
from tests.support.shop_functions import clerk, make_refund

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon_clock")]


def test_those_ticked_of_several_kinds_are_paused_and_resumed(client: Client) -> None:
    a, b, c, d, _e = define_each(*"abcde")
    response = press(client, "pause", a, b, c)
    assert (response.status_code, said(response)) == (302, ["3 definitions were paused."])
    assert enabled() == ["d", "e"]
    assert said(press(client, "pause", a, d)) == ["1 definition was paused."]
    assert said(press(client, "resume", a, c, d)) == ["3 definitions were resumed."]
    assert enabled() == ["a", "c", "d", "e"]
    logged = LogEntry.objects.filter(change_message__contains="enabled")
    assert sorted(logged.values_list("object_repr", flat=True)) == [*"aabccdd"]


def test_runs_of_those_ticked_are_requested(client: Client) -> None:
    make_node()
    a, _b, c, d = define_each(*"abcd")
    CommandJob.objects.update(enabled=False)  # by hand it runs all the same
    response = press(client, "run_now", a, c, d)
    assert requested() == ["a", "c", "d"]
    [text] = said(response)
    assert "3 runs requested" in text


def test_the_button_of_a_row_runs_that_one_whatever_is_ticked(client: Client) -> None:
    a, b, c = define_each(*"abc")
    client.post(JOBS, {"run": b.job_id, "job": [a.job_id, c.job_id], "all": "1"})
    assert requested() == ["b"]
    assert enabled() == ["a", "b", "c"]


def test_those_ticked_or_all_are_exported_in_one_file(client: Client) -> None:
    a, _b, c, *_ = define_each(*"abcde")
    assert sorted(exported(press(client, "export", a, c))) == ["a", "c"]
    assert sorted(exported(press(client, "export_all"))) == [*"abcde"]
    assert sorted(exported(press(client, "export", all="1"))) == [*"abcde"]
    assert exported(press(client, "export", all="1", query="kind=app.greeting")) == ["d"]


def test_all_that_match_are_meant_beyond_the_page(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "PER_PAGE", 2)
    define_each("x1", "x2", "x3", "x4", "x5", "x6", group="x")
    define_each("y1", "y2")
    response = press(client, "pause", all="1", query="group=x&q=x&o=next&p=1")
    assert said(response) == ["6 definitions were paused."]
    assert response["Location"] == f"{JOBS}?group=x&q=x&o=next&p=1"
    assert enabled() == ["y1", "y2"]
    press(client, "run_now", all="1", query="state=paused")
    assert requested() == ["x1", "x2", "x3", "x4", "x5", "x6"]


@pytest.mark.parametrize("action", ["pause", "run_now"])
def test_what_the_admin_of_a_kind_refuses_is_refused_here_too(
    client: Client, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    """A project may have overridden its methods."""
    method = {"pause": "has_pause_permission", "run_now": "has_run_permission"}[action]
    monkeypatch.setattr(admin.site.get_model_admin(CountJob), method, lambda *_args: False)
    ours, other = define("ours"), define("other", Greeting)
    response = press(client, action, ours, other)
    assert "You may not do this with: count jobs." in said(response)
    assert enabled() == (["ours"] if action == "pause" else ["other", "ours"])
    assert requested() == ([] if action == "pause" else ["other"])


def test_what_is_ticked_but_does_not_match_is_left(client: Client) -> None:
    a, b = define_each("a", "b")
    press(client, "pause", a, b, query="kind=countjobs.countjob")
    assert enabled() == ["b"]


@pytest.mark.parametrize("action", ["pause", "resume", "run_now", "export"])
def test_with_nothing_ticked_nothing_is_done(client: Client, action: str) -> None:
    define("a")
    define("b", Greeting, enabled=False)
    response = press(client, action)
    assert (response.status_code, said(response)) == (302, ["No job was selected."])
    assert (enabled(), requested()) == (["a"], [])
    assert not LogEntry.objects.exists()


def test_an_unknown_action_does_nothing(client: Client) -> None:
    a = define("a")
    for action in ("", "x", "delete", "_all", "pause_all_all", "\0"):
        assert press(client, action, a).status_code == 302
    assert (enabled(), requested()) == (["a"], [])


def test_a_get_changes_nothing(client: Client) -> None:
    a = define("a")
    for query in (f"action=pause&all=1&job={a.job_id}", f"run={a.job_id}", "action=export_all"):
        assert "Content-Disposition" not in page_of(client, query)
    assert (enabled(), requested()) == (["a"], [])


def test_more_runs_than_allowed_at_once_are_refused(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acting, "MOST_RUNS", 3)
    a, b, c, d = define_each(*"abcd")
    assert said(press(client, "run_now", all="1")) == ["At most 3 jobs can be run at once."]
    assert said(press(client, "run_now", a, b, c, d)) == ["At most 3 jobs can be run at once."]
    assert requested() == []
    press(client, "run_now", a, b, c)
    assert requested() == ["a", "b", "c"]


# --- Permissions


def some_of_each() -> Client:
    """Who may view all kinds, but run and pause only count jobs, and run greetings."""
    views_all = [f"view_{kind._meta.model_name}" for kind in KINDS]
    more = ("run_countjob", "pause_countjob", "run_greeting", "view_execution")
    return staff_with([*views_all, *more])


def test_of_several_kinds_only_those_that_one_may_are_acted_on_and_others_are_named() -> None:
    count = define("count")
    greeting = define("greeting", Greeting)
    label = define("label", Label)
    client = some_of_each()
    warned, done = said(press(client, "pause", count, greeting, label))
    assert warned == "You may not do this with: greetings, labels."
    assert done == "1 definition was paused."
    assert enabled() == ["greeting", "label"]
    warned, *_others = said(press(client, "run_now", all="1"))
    assert warned == "You may not do this with: labels."
    assert requested() == ["count", "greeting"]
    before = Execution.objects.count()
    warned, *_others = said(press(client, "run_now", label))
    assert warned == "You may not do this with: labels."
    assert Execution.objects.count() == before
    assert sorted(exported(press(client, "export", all="1"))) == ["count", "greeting", "label"]


def test_only_what_one_may_do_is_offered() -> None:
    define("count")
    define("greeting", Greeting)
    define("label", Label)

    def offered(client: Client) -> tuple[list[str], list[str]]:
        context = page_of(client).context
        runs = [row.name for row in context["rows"] if row.may_run]
        return [value for value, _word in context["actions"]], runs

    assert offered(client_of("viewer")) == (["export"], [])
    assert offered(client_of("pauser")) == (["pause", "resume", "export"], [])
    assert offered(client_of("runner")) == (["run_now", "export"], ["count"])
    everything = ["run_now", "pause", "resume", "export"]
    assert offered(some_of_each()) == (everything, ["count", "greeting"])
    assert offered(client_of("superuser")) == (everything, ["count", "greeting", "label"])


def test_forged_ids_of_kinds_that_one_may_not_view_have_no_effect() -> None:
    define("count")
    greeting = define("greeting", Greeting)
    may_not_view = staff_with(["view_countjob", "run_greeting", "pause_greeting"])
    for action in ("pause", "resume", "run_now", "export"):
        response = press(may_not_view, action, greeting)
        assert said(response) == ["No job was selected."], action
    may_not_view.post(JOBS, {"run": greeting.job_id})
    press(may_not_view, "pause", all="1", query="kind=app.greeting")
    assert (enabled(), requested()) == (["count", "greeting"], [])
    assert exported(press(may_not_view, "export_all")) == ["count"]


def test_jobs_from_code_and_ids_that_name_nothing_are_not_acted_on(client: Client) -> None:
    store_job(code_job("code"))
    define("a")
    odd = ["code", "", ":", "\0", "countjobs.countjob:999", "countjobs.countjob:x", "auth.user:1"]
    for action in ("pause", "run_now"):
        assert client.post(JOBS, {"action": action, "job": odd}).status_code == 302
    for each in odd:
        assert client.post(JOBS, {"run": each}).status_code == 302
    assert (enabled(), requested()) == (["a"], [])


@pytest.mark.usefixtures("shop")
def test_a_function_that_one_may_not_use_is_left_out_and_the_message_says_so() -> None:
    FunctionJob.objects.create(name="rest", function="shop.rest", enabled=False)
    make_refund(enabled=False)
    client = clerk()
    left_out = "1 definition was left out: you may not use what it calls."
    assert said(press(client, "resume", all="1")) == [left_out, "1 definition was resumed."]
    assert enabled() == ["rest"]
    assert left_out in said(press(client, "run_now", all="1"))
    assert requested() == ["rest"]
    pay = FunctionJob.objects.get(name="pay")
    client.post(JOBS, {"run": pay.job_id})
    assert requested() == ["rest"]
    runs = {row.name: row.may_run for row in page_of(client).context["rows"]}
    assert runs == {"pay": False, "rest": True}
    assert said(press(client_of("superuser"), "resume", pay)) == ["1 definition was resumed."]
    assert said(press(client, "pause", pay)) == ["1 definition was paused."]  # it stops nothing


# --- The switch of a row


def switch(client: Client, definition: Any, back: str) -> Any:
    """Press it without a script: the whole form of the page is sent to its address."""
    name = definition._meta.model_name
    address = f"/admin/{definition._meta.app_label}/{name}/{definition.pk}/enabled/"
    return client.post(address, {"enabled": "0", "back": back, "job": []})


def test_without_a_script_a_switch_comes_back_to_the_page_as_it_was(client: Client) -> None:
    a = define("a", Greeting)
    page = page_of(client, "q=a&o=next&p=0")
    back = f"{JOBS}?q=a&o=next&p=0"
    assert f'name="back" value="{back.replace("&", "&amp;")}"' in page.content.decode()
    response = switch(client, a, back)
    assert (response.status_code, response["Location"]) == (302, back)
    assert enabled() == []


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x", "\0", ""]
)
def test_it_leads_to_no_other_site(client: Client, back: str) -> None:
    a = define("a")
    response = switch(client, a, back)
    assert response.status_code == 302
    assert response["Location"].startswith("/admin/countjobs/countjob/")
    assert CountJob.objects.get().enabled is False
