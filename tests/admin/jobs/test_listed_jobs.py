"""The page “Jobs”: what it lists, of which kinds, for whom, and what its rows say."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from countjobs.admin.jobs import views
from countjobs.models import CommandJob
from countjobs.models.executions import Status
from tests.app.models import Greeting, Label
from tests.support.admin_pages import RUNS, words
from tests.support.all_jobs import JOBS, define, define_each, listed, page_of, ran, staff_with
from tests.support.factories import NOON, chain_of, code_job, make_execution, store_job
from tests.support.people import client_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon_clock")]

FAILED, GOOD = Status.FAILED, Status.SUCCEEDED
HISTORY = ("last_run", "runs_strip", "p95", "failures")


def test_definitions_of_all_kinds_are_in_one_list_by_name_both_ways(client: Client) -> None:
    define_each("d", "b", "e", "a", "c", "f")
    assert listed(client) == ["a", "b", "c", "d", "e", "f"]
    assert listed(client, "o=-name") == ["f", "e", "d", "c", "b", "a"]
    page = page_of(client)
    assert page.context["total"] == 6
    kinds = {row.name: row.kind for row in page.context["rows"]}
    assert kinds["d"] == kinds["f"] == "count job"
    assert len(set(kinds.values())) == 5


def test_two_kinds_may_use_one_name_and_each_row_leads_to_its_own(client: Client) -> None:
    same = [define("same"), define("same", CommandJob)]
    rows = page_of(client).context["rows"]
    assert {row.job_id for row in rows} == {each.job_id for each in same}
    for row in rows:
        address = re.search('href="([^"]+)"', row.link)
        assert address
        assert client.get(address[1]).status_code == 200


def test_without_definitions_the_page_says_so(client: Client) -> None:
    assert "There are no jobs yet." in page_of(client).content.decode()
    assert "Nothing matches" in page_of(client, "q=x").content.decode()


def test_names_and_groups_that_are_markup_are_shown_as_text(client: Client) -> None:
    define("<b>bold</b>", group="<i>&")
    content = page_of(client, "group=%3Ci%3E%26").content.decode()
    assert "<b>bold" not in content
    assert "&lt;b&gt;bold&lt;/b&gt;" in content
    assert "<i>&" not in content
    assert "&lt;i&gt;&amp;" in content


def test_a_groups_word_leads_to_those_of_the_group(client: Client) -> None:
    define_each("a", "b", "c", group="q&a=1 #é")
    define("other", group="others")
    content = page_of(client, "o=-name").content.decode()
    found = re.findall(r'<td class="field-group"><a href="(\?[^"]*)">', content)
    assert listed(client, unescape(found[-1]).removeprefix("?")) == ["c", "b", "a"]


def test_pages_follow_one_another_without_gaps(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "PER_PAGE", 4)
    names = [f"{n:02}" for n in range(10)]
    define_each(*names)
    store_job(code_job("zz"))
    for order in ("", "-name", "next", "-next", "last", "p95", "failures"):
        pages = [listed(client, f"o={order}&p={number}") for number in range(3)]
        assert sorted(name for each in pages for name in each) == [*names, "zz"], order
        assert [len(each) for each in pages] == [4, 4, 3], order
    first, middle = page_of(client, "q="), page_of(client, "p=1&o=-name")
    assert "Next page" in words(first.content.decode())
    assert "Previous page" not in words(first.content.decode())
    assert middle.context["previous"] == "?o=-name"
    assert middle.context["next"] == "?o=-name&p=2"
    assert listed(client, "p=3") == listed(client, f"p={'9' * 900}") == []


def test_jobs_from_code_come_last_for_who_may_view_runs(client: Client) -> None:
    define_each("a", "z")
    ran_at = NOON
    store_job(code_job("from code"))
    store_job(code_job("another"), due=None)
    make_execution(FAILED, job_id="from code", scheduled_at=ran_at, started_at=ran_at)
    assert listed(client) == ["a", "z", "another", "from code"]
    assert listed(client, "o=-name") == ["z", "a", "another", "from code"]
    assert listed(client, "q=FROM") == ["from code"]
    assert listed(client, "state=enabled") == ["a", "z"]  # whatever filters are of definitions
    last = page_of(client).context["rows"][-1]
    assert (last.kind, last.group, last.switch, last.may_run) == ("from code", "", "", False)
    assert "1" in last.failures
    assert f'value="{last.job_id}"' not in page_of(client).content.decode()


def test_they_are_not_told_to_who_may_not_view_runs() -> None:
    define("mine")
    store_job(code_job("from code"))
    assert listed(staff_with(["view_countjob"])) == ["mine"]


def test_a_kind_that_one_may_not_view_is_not_told(client: Client) -> None:
    define("mine", group="ours")
    define("theirs", Greeting, group="secret")
    define("labelled", Label, group="masked")
    viewer = client_of("viewer")
    page = page_of(viewer)
    assert [row.name for row in page.context["rows"]] == ["mine"]
    assert page.context["total"] == 1
    assert not re.search("theirs|labelled|secret|masked|reeting", page.content.decode())
    for query in ("q=theirs", "kind=app.greeting", "group=secret", "q=theirs&o=failures"):
        assert page_of(viewer, query).context["total"] == 0
        assert listed(viewer, query) == []
    assert listed(client, "kind=app.greeting") == ["theirs"]


def test_without_the_view_of_runs_there_is_no_history(client: Client) -> None:
    definition = define("mine")
    ran(definition, FAILED, FAILED)
    define("never")
    blind = staff_with(["view_countjob"])
    for order in ("", "last", "p95", "failures"):
        page = page_of(blind, f"o={order}")
        assert [row.name for row in page.context["rows"]] == ["mine", "never"]
        shown = {each["name"] for each in page.context["columns"]}
        assert not shown & {*HISTORY}
        assert not any(f"field-{name}" in page.content.decode() for name in HISTORY)
        assert RUNS + "?" not in page.content.decode()
    assert {*HISTORY} <= {each["name"] for each in page_of(client).context["columns"]}


def test_failures_are_a_link_to_just_these_runs(client: Client) -> None:
    one, other = define("one"), define("other", Greeting)
    ran(one, FAILED, GOOD, Status.TIMED_OUT, FAILED)
    ran(one, FAILED, minutes_ago=25 * 60)
    ran(other, FAILED)
    begun = {"job_id": one.job_id, "job_name": "one", "scheduled_at": NOON, "started_at": NOON}
    chain_of(FAILED, FAILED, **begun)  # two attempts of one run
    chain_of(FAILED, GOOD, **begun)
    row = next(row for row in page_of(client).context["rows"] if row.name == "one")
    found = re.search('<a href="([^"]+)">([0-9]+)</a>', row.failures)
    assert found
    changelist: Any = client.get(unescape(found[1])).context["cl"]
    assert int(found[2]) == changelist.result_count == 4
    assert {run.job_name for run in changelist.result_list} == {"one"}


def test_definitions_that_are_deleted_meanwhile_are_left_out(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, gone = define("kept"), define("gone", Greeting)
    found = views._page

    def then_deleted(*args: Any, **kwargs: Any) -> Any:
        page = found(*args, **kwargs)
        assert gone.job_id in page.job_ids
        Greeting._default_manager.filter(pk=gone.pk).delete()
        return page

    monkeypatch.setattr(views, "_page", then_deleted)
    assert listed(client) == [kept.name]


@pytest.mark.parametrize("order", ["", "next", "last", "p95", "failures"])
def test_the_number_of_queries_does_not_depend_on_how_many_there_are(
    client: Client, order: str
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page_of(client, f"o={order}")
        return len(captured)

    for definition in define_each(*"abcde"):
        ran(definition, GOOD, FAILED)
    queries()  # what is kept for a while is kept now
    few = queries()
    for definition in define_each(*(f"{n:02}" for n in range(40))):
        ran(definition, GOOD, FAILED)
    assert queries() == few


def test_who_may_view_no_kind_is_refused() -> None:
    for more in ([], ["view_execution", "view_parkedjob"]):
        blind = staff_with(more, name=f"staff {len(more)}")
        assert blind.get(JOBS).status_code == 403
        assert blind.post(JOBS, {"action": "export_all"}).status_code == 403
