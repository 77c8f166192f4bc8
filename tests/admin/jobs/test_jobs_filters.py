"""The search and the filters of the page “Jobs”, and what no browser asks."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django_apscheduler.models import DjangoJob

from countjobs.admin.jobs.matching import STATES
from countjobs.models import CommandJob, CountJob, FunctionJob, ParkedJob
from tests.app.models import Greeting, Label
from tests.support.all_jobs import JOBS, define, define_each, listed, page_of
from tests.support.factories import NOON, code_job, make_due, store_job
from tests.support.watches import pause_itself, silence

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon_clock")]


def no_next_run(definition: Any) -> None:
    DjangoJob.objects.filter(id=definition.job_id).update(next_run_time=None)


def park(job_id: str) -> None:
    ParkedJob.objects.create(job_id=job_id, error="broken", parked_at=NOON)


@pytest.fixture
def states() -> None:
    """Definitions that are called as the states that they are in, of several kinds."""
    for name, kind in (("plain a", CountJob), ("plain b", Greeting), ("plain c", Label)):
        define(name, kind)
    define("bad c", FunctionJob)  # there is no such function
    define("off", CommandJob, enabled=False)
    once: dict[str, Any] = {"schedule_type": "once", "run_at": NOON - timedelta(hours=1)}
    for name, kind in (("over a", CountJob), ("over b", Label)):
        no_next_run(define(name, kind, **once))
    no_next_run(define("over c", Greeting, year="2020"))
    no_next_run(define("over d", Greeting, end_date=NOON - timedelta(days=1)))
    no_next_run(define("over, off", enabled=False, **once))
    define("still to come", schedule_type="once", run_at=NOON + timedelta(hours=1))
    make_due(define("late", **once).job_id, once["run_at"])  # no scheduler has taken it yet
    for name, kind in (("bad a", Greeting), ("bad b", CountJob)):
        broken = define(name, kind, **once)
        no_next_run(broken)
        park(broken.job_id)
    park("code")
    park("countjobs.countjob:999")
    silence(define("silent a"))
    silence(define("silent b", Label))
    silence(define("silent, off", enabled=False))
    pause_itself(define("paused itself a"))
    pause_itself(define("paused itself b", Greeting))
    resumed = define("resumed")
    pause_itself(resumed)
    CountJob.objects.filter(pk=resumed.pk).update(enabled=True)


@pytest.mark.usefixtures("states")
@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("ended", ["over a", "over b", "over c", "over d"]),
        ("broken", ["bad a", "bad b", "bad c"]),
        ("silent", ["silent a", "silent b"]),
        ("paused-itself", ["paused itself a", "paused itself b"]),
        ("paused", ["off", "over, off", "paused itself a", "paused itself b", "silent, off"]),
    ],
)
def test_a_state_has_those_that_are_in_it(client: Client, state: str, expected: list[str]) -> None:
    page = page_of(client, f"state={state}")
    assert [row.name for row in page.context["rows"]] == expected
    assert page.context["total"] == len(expected)


@pytest.mark.usefixtures("states")
def test_all_are_either_enabled_or_paused(client: Client) -> None:
    on, off = listed(client, "state=enabled"), listed(client, "state=paused")
    assert sorted([*on, *off]) == sorted(listed(client))
    assert not {*on} & {*off}


@pytest.mark.parametrize("state", STATES)
def test_a_state_that_nothing_is_in_is_empty(client: Client, state: str) -> None:
    define("a", enabled=state == "paused")
    CountJob.objects.filter(pk__gt=0).update(enabled=state != "enabled")
    if state not in ("paused", "enabled"):
        assert listed(client, f"state={state}") == []


def test_the_search_finds_words_of_names_whatever_the_kind(client: Client) -> None:
    define_each("Night mail", "night sweep", "noon mail", "evening", "all night long mail")
    assert sorted(listed(client, "q=NIGHT")) == ["Night mail", "all night long mail", "night sweep"]
    assert listed(client, "q=long+NIGHT") == ["all night long mail"]
    assert listed(client, "q=%22night+sweep%22") == ["night sweep"]
    assert listed(client, "q=100%25") == listed(client, "q=_") == []


def test_the_first_words_of_a_long_search_count_and_the_page_says_so(client: Client) -> None:
    define("a")
    page = page_of(client, "q=" + "+".join(f"a{n}" for n in range(30)))
    assert "Only the first 10 words are searched for." in page.content.decode()
    assert "Only the first" not in page_of(client, "q=a+a").content.decode()


def test_filters_by_group_kind_type_and_executor(client: Client) -> None:
    define("cron", group="x")
    define("interval", Greeting, group="x", schedule_type="interval", every=60)
    soon = NOON + timedelta(days=1)
    define("once", CommandJob, group="y", schedule_type="once", run_at=soon)
    CountJob.objects.filter(name="cron").update(executor="processes")
    assert listed(client, "group=x") == ["cron", "interval"]
    assert listed(client, "kind=app.greeting") == ["interval"]
    assert listed(client, "schedule=once") == ["once"]
    assert listed(client, "schedule=cron&group=x") == ["cron"]
    assert listed(client, "executor=processes") == ["cron"]
    assert listed(client, "group=X") == listed(client, "group=nothing") == []


def test_a_filter_leads_to_what_it_says_and_all_leads_back(client: Client) -> None:
    define("a", group="x & y=1")
    define("b", Greeting)
    filters = page_of(client, "o=-name&p=7").context["filters"]
    assert [each["title"] for each in filters] == [
        *("state", "group", "kind", "type of schedule", "executor")
    ]
    for each in filters:
        for choice in each["choices"]:
            there = page_of(client, unescape(choice["query"]).removeprefix("?"))
            assert "p=7" not in choice["query"]
            assert "o=-name" in choice["query"]
            shown = next(f for f in there.context["filters"] if f["title"] == each["title"])
            assert [c["word"] for c in shown["choices"] if c["is_chosen"]] == [choice["word"]]
    [group] = [each for each in filters if each["title"] == "group"]
    assert listed(client, group["choices"][1]["query"].removeprefix("?")) == ["a"]


def test_the_search_keeps_the_filters_and_the_order(client: Client) -> None:
    define("a", group="x")
    page = page_of(client, "group=x&o=next&state=enabled&p=0").content.decode()
    for name, value in (("group", "x"), ("o", "next"), ("state", "enabled")):
        assert f'<input type="hidden" name="{name}" value="{value}">' in page
    assert '<input type="hidden" name="p"' not in page


@pytest.mark.parametrize(
    "query",
    [
        *("p=-1", f"p={'9' * 900}", f"p={'9' * 5_000}", "p=x", "p=%D9%A3", "p=%C2%B2", "p=1.5"),
        *("q=%00", "group=%00", "kind=%00", "state=%00", "o=%00", "p=%00", "executor=%00"),
        *(f"{name}={'x' * 2_000}" for name in ("q", "group", "kind", "state", "o", "schedule")),
        *(f"q={'%25' * 900}", f"q={'_' * 999}", "q=%ED%A0%80", "q=%22", "q=%5C", "q=%27--"),
        *("o=unknown", "kind=auth.user", "kind=x", "state=x", "schedule=x", "p=1&p=2", "%00=1"),
        *("group=%ED%A0%80", "group=%F0%9F%98%80", "_popup=1", "e=1"),
    ],
)
def test_what_no_browser_asks_is_answered(client: Client, query: str) -> None:
    define_each(*"abc")
    store_job(code_job("zz"))
    for more in ("", "&o=next", "&o=failures", "&state=ended"):
        response = client.get(f"{JOBS}?{query}{more}", follow=True)
        assert response.status_code == 200
        assert len(response.redirect_chain) <= 1
