"""The orders of the page “Jobs”: the same for a few definitions and, as far as promised, for many.

For “many”, the bounds are made small.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django_apscheduler.models import DjangoJob

from countjobs.admin.jobs import orders, views
from countjobs.models import CountJob
from countjobs.models.executions import Status
from tests.app.models import Greeting
from tests.support.all_jobs import define, define_each, listed, page_of, ran, staff_with
from tests.support.factories import NOON, code_job, make_due, store_job

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon_clock")]

FAILED, GOOD = Status.FAILED, Status.SUCCEEDED
NAMES = [f"{n:02}" for n in range(12)]
Made = Callable[..., list[Any]]


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few are many, and all is done in small steps."""
    monkeypatch.setattr(orders, "FEW", 1)
    monkeypatch.setattr(orders, "_STEP", 2)


@pytest.fixture(params=["few", "many"])
def _however_many(request: pytest.FixtureRequest) -> None:
    if request.param == "many":
        request.getfixturevalue("many")


however_many = pytest.mark.usefixtures("_however_many")


def due_backwards(definitions: list[Any]) -> None:
    for number, definition in enumerate(definitions):
        make_due(definition.job_id, NOON - timedelta(minutes=number))


@however_many
def test_by_the_next_run_and_back_those_without_one_come_last(client: Client) -> None:
    definitions = define_each(*"abcdefg")
    due_backwards(definitions[:5])
    DjangoJob.objects.filter(id__in=[each.job_id for each in definitions[5:]]).update(
        next_run_time=None
    )
    store_job(code_job("zz"), NOON)
    first, back = listed(client, "o=next"), listed(client, "o=-next")
    assert first[:5] == ["e", "d", "c", "b", "a"]
    assert back[:5] == ["a", "b", "c", "d", "e"]
    assert sorted(first[5:7]) == sorted(back[5:7]) == ["f", "g"]
    assert first[7:] == back[7:] == ["zz"]


@however_many
def test_by_the_last_run_those_that_never_ran_come_last_by_name(client: Client) -> None:
    for number, definition in enumerate(define_each(*"cabfed")[:4]):
        ran(definition, GOOD, minutes_ago=10 - number)
    assert listed(client, "o=last") == ["f", "b", "a", "c", "d", "e"]


@however_many
def test_by_the_duration_the_slowest_come_first(client: Client) -> None:
    for took, definition in zip((3, 50, 1, 7), define_each(*"abcdef"), strict=False):
        ran(definition, *[GOOD] * 3, took=took)
    ran(define("queued only"), Status.SKIPPED)
    assert listed(client, "o=p95") == ["b", "d", "a", "c", "e", "f", "queued only"]


@however_many
def test_by_failures_of_the_last_day_most_come_first(client: Client) -> None:
    a, b, c, d, _e = define_each(*"abcde")
    ran(a, FAILED, GOOD)
    ran(c, *[FAILED] * 5)
    ran(d, *[Status.TIMED_OUT] * 3)
    ran(b, *[FAILED] * 9, minutes_ago=25 * 60)
    assert listed(client, "o=failures") == ["c", "d", "a", "b", "e"]


@however_many
@pytest.mark.parametrize("order", ["next", "-next", "last", "p95", "failures"])
def test_pages_of_an_order_are_without_gaps(
    client: Client, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    definitions = define_each(*NAMES)
    due_backwards(definitions)
    for number, definition in enumerate(definitions[::2], start=1):
        ran(definition, *[FAILED] * number, GOOD, minutes_ago=30 + number, took=number)
    whole = listed(client, f"o={order}")
    monkeypatch.setattr(views, "PER_PAGE", 5)
    pages = [listed(client, f"o={order}&p={number}") for number in range(3)]
    assert [name for each in pages for name in each] == whole
    assert sorted(whole) == NAMES


@however_many
@pytest.mark.parametrize("order", ["", "-name", "next", "-next", "last", "p95", "failures"])
def test_an_order_keeps_to_the_search_the_filters_and_the_kinds(client: Client, order: str) -> None:
    for name, group in (("yes a", "x"), ("yes b", "x"), ("yes c", "y"), ("no", "x")):
        ran(define(name, group=group), FAILED, FAILED)
    ran(define("yes d", Greeting, group="x"), FAILED)
    assert sorted(listed(client, f"o={order}&q=yes&group=x")) == ["yes a", "yes b", "yes d"]
    mine = staff_with(["view_countjob", "view_execution"])
    assert sorted(listed(mine, f"o={order}&q=yes")) == ["yes a", "yes b", "yes c"]
    assert page_of(mine, f"o={order}").context["total"] == 4


@pytest.mark.usefixtures("many")
def test_of_many_those_are_sorted_that_come_first_and_a_note_says_so(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "_MOST_SORTED", 2)
    for number, definition in enumerate(define_each(*"dcbae"), start=1):
        ran(definition, *[FAILED] * number, minutes_ago=60 - number, took=number)
    for order, note in (("failures", "most of the newest"), ("last", "ran last"), ("p95", "ran")):
        page = page_of(client, f"o={order}")
        assert [row.name for row in page.context["rows"]] == ["e", "a", "b", "c", "d"], order
        assert note in str(page.context["note"])
        assert str(page.context["note"]) in page.content.decode()


def test_of_few_all_are_sorted_and_there_is_no_note(client: Client) -> None:
    define_each(*"abc")
    for order in ("", "-name", "next", "-next", "last", "p95", "failures", "unknown"):
        assert not page_of(client, f"o={order}").context["note"], order


@pytest.mark.usefixtures("many")
def test_if_the_search_by_next_run_ends_early_a_note_says_so(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    due_backwards(define_each(*"abcde"))
    assert not page_of(client, "o=next").context["note"]
    monkeypatch.setattr(orders, "_MOST_WALKED", 2)
    page = page_of(client, "o=next")
    assert [row.name for row in page.context["rows"]] == ["e", "d"]
    assert "only the first 20,000 jobs are searched" in page.content.decode()


def test_an_unknown_order_is_by_name(client: Client) -> None:
    define_each(*"bca")
    for order in ("x", "-", "--name", "-last", "-p95", "name", "NEXT"):
        assert listed(client, f"o={order}") == ["a", "b", "c"], order


def test_a_click_on_a_title_sorts_and_the_next_one_turns_it_round(client: Client) -> None:
    CountJob.objects.create(name="a")

    def title(name: str, query: str) -> tuple[str, str]:
        shown = page_of(client, query).context["columns"]
        return next((each["query"], each["sorted"]) for each in shown if each["name"] == name)

    assert title("name", "") == ("?o=-name", "ascending")
    assert title("name", "o=-name&p=3") == ("?", "descending")
    assert title("next_run", "q=a&p=3") == ("?q=a&o=next", "")
    assert title("next_run", "o=next") == ("?o=-next", "ascending")
    assert title("failures", "o=next") == ("?o=failures", "")
    assert title("failures", "o=failures") == ("?o=failures", "descending")
    assert 'aria-sort="descending"' in page_of(client, "o=failures").content.decode()
