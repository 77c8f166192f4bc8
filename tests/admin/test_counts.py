"""Issue 8, line 35: a count on a page is a link to exactly what it counts, and so is a bar."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from countjobs.admin.links import any_of, within
from countjobs.admin.overview import hours
from countjobs.models import CountJob, Execution
from countjobs.models.executions import ACTIVE, FAILURES, PROBLEMS, Status
from tests.support.factories import chain_of, make_execution, make_node

pytestmark = pytest.mark.django_db

LIST = "/admin/countjobs/execution/"
OVERVIEW = f"{LIST}overview/"
HOUR = timedelta(hours=1)
_COUNT = re.compile(rf'<a href="({LIST}\?[^"]+)">([\d,]+)</a>')
_BADGE = re.compile(
    rf'<a href="({LIST}\?[^"]+)"><span class="countjobs-badge[^<]*'
    r"<span[^<]*</span>[^<]*?(\d+)</span>"
)
_BAR = re.compile(rf'<a href="({LIST}\?[^"]+)" aria-label="([^"]+)"')


def found(client: Client, address: str) -> int:
    """How many runs the list that a link leads to has."""
    response = client.get(unescape(address))
    assert response.status_code == 200, address
    changelist: Any = response.context["cl"]
    return int(changelist.result_count)


def number(text: str) -> int:
    return int(text.replace(",", ""))


@pytest.fixture(autouse=True)
def _nothing_is_put_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hours, "monotonic", lambda: 0.0)  # however busy the machine is


@pytest.fixture
def definition() -> CountJob:
    """Its runs: of every status at several hours, and many of them long ago."""
    definition = CountJob.objects.create(name="a")
    now = timezone.now()
    named = {"job_id": definition.job_id, "job_name": "a"}
    for age in (0, 0.5, 1, 5, 22, 30):
        for place, status in enumerate(Status):
            begun = now - age * HOUR - timedelta(minutes=1, seconds=place)
            make_execution(status, scheduled_at=begun, started_at=begun, node="w:1:x", **named)
        times = {"scheduled_at": now - age * HOUR, "started_at": now - age * HOUR}
        chain_of(Status.FAILED, Status.FAILED, Status.SUCCEEDED, **times, **named)
        chain_of(Status.TIMED_OUT, Status.FAILED, **times, **named)
    for status in (Status.FAILED, Status.TIMED_OUT, Status.FAILED):
        make_execution(status, job_id="other", scheduled_at=now, started_at=now)
    chain_of(Status.FAILED, Status.SUCCEEDED, job_id="other", scheduled_at=now, started_at=now)
    return definition


@pytest.mark.usefixtures("definition")
def test_every_count_of_the_overview_leads_to_so_many_runs(client: Client) -> None:
    page = client.get(OVERVIEW).content.decode()
    counts = _COUNT.findall(page)
    assert len(counts) > 10
    for address, count in counts:
        assert found(client, address) == number(count), unescape(address)


@pytest.mark.usefixtures("definition")
def test_the_failures_of_a_job_are_those_of_the_last_day(client: Client) -> None:
    page = client.get(OVERVIEW).content.decode()
    (address,) = [each for each, _n in _COUNT.findall(page) if "other" in each]
    assert found(client, address) == 3


@pytest.mark.usefixtures("definition")
def test_a_bar_leads_to_its_hour(client: Client) -> None:
    bars = _BAR.findall(client.get(OVERVIEW).content.decode())
    assert len(bars) >= 3
    for address, title in bars:
        amounts = re.findall(r": ([\d,]+)$", unescape(title), re.MULTILINE)
        assert found(client, address) == sum(map(number, amounts))


def test_what_a_scheduler_is_busy_with_is_a_link(client: Client) -> None:
    node = make_node(timezone.now())
    for name in (node.name, node.name, "another"):
        make_execution(Status.RUNNING, node=name, scheduled_at=timezone.now())
    page = client.get(OVERVIEW).content.decode()
    (address,) = re.findall(r'<a href="([^"]+)">2 \(4 threads\)', page)
    assert found(client, address) == 2
    assert client.get(f"{LIST}?node__exact=another").status_code == 400  # no index answers that


def test_the_outcomes_on_a_definitions_page_are_of_the_runs_that_it_counts(
    client: Client, definition: CountJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("countjobs.admin.definitions.columns.MOST", 20)
    page = client.get(f"/admin/countjobs/countjob/{definition.pk}/change/").content.decode()
    counts = _BADGE.findall(page)
    assert sum(number(count) for _address, count in counts) == 20
    for address, count in counts:
        assert found(client, address) == number(count)


def test_so_are_the_runs_that_an_action_asked_for(client: Client) -> None:
    definitions = CountJob.objects.bulk_create(CountJob(name=f"{n}") for n in range(13))
    make_execution(scheduled_at=timezone.now() - HOUR)
    ticked = {"action": "run_now", "_selected_action": [each.pk for each in definitions]}
    page = client.post("/admin/countjobs/countjob/", ticked, follow=True).content.decode()
    (address,) = re.findall(r'<a href="([^"]+)">and 3 more', page)
    assert found(client, address) == 13


@pytest.mark.usefixtures("definition")
@pytest.mark.parametrize(
    "statuses", [PROBLEMS, FAILURES, ACTIVE, (Status.MISSED, Status.CANCELLED), tuple(Status)]
)
def test_the_list_is_filtered_by_several_statuses(statuses: Any, client: Client) -> None:
    there = Execution.objects.filter(status__in=statuses).count()
    response = client.get(LIST, {"status__exact": any_of(statuses)})
    assert response.context["cl"].result_count == there
    (selected,) = re.findall(
        r'<li class="selected">\s*<a href="[^"]*">([^<]+)</a>\s*</li>',
        response.content.decode().split("By status")[1].split("By ")[0],
    )
    assert selected in {"Any problem", "Any failure"} or "," in selected


def test_any_problem_is_one_of_the_choices(client: Client) -> None:
    assert ">Any problem</a>" in client.get(LIST).content.decode()


@pytest.mark.parametrize(
    "value", ["x..y", "..", "2026-01-01", "2026-01-01..x", "a..b..c", "failed,"]
)
def test_what_is_no_span_and_no_status_is_no_filter_or_finds_nothing(
    value: str, client: Client
) -> None:
    make_execution(scheduled_at=timezone.now())
    assert found(client, f"{LIST}?since={value}") == 1
    assert found(client, f"{LIST}?status__exact={value}") == 0


def test_a_span_has_its_start_and_not_its_end(client: Client) -> None:
    now = timezone.now()
    for due in (now, now + HOUR):
        make_execution(scheduled_at=due)
    assert found(client, f"{LIST}?since={within(now, now + HOUR)}") == 1
    assert within(now, now + HOUR) in client.get(LIST, {"since": within(now, now + HOUR)}).text


def test_attempts_that_another_follows_can_be_left_out(client: Client) -> None:
    chain_of(Status.FAILED, Status.SUCCEEDED, scheduled_at=timezone.now())
    assert found(client, LIST) == 2
    assert found(client, f"{LIST}?attempts=last") == 1
    assert found(client, f"{LIST}?attempts=last&amp;status__exact=failed") == 0
    assert found(client, f"{LIST}?attempts=rubbish") == 2
