"""The strip of a job's last runs, and the last of them, in the list."""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from xml.etree import ElementTree

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import translation

from countjobs.admin.drawings.strip import LONGEST, strip, summary
from countjobs.models import CountJob
from countjobs.models.executions import Status
from countjobs.models.newest_runs import Past
from tests.support.admin_pages import LIST, cell
from tests.support.factories import NOON, SECOND, make_execution
from tests.support.people import client_of

SVG = "{http://www.w3.org/2000/svg}"


def run(status: str = Status.SUCCEEDED, seconds: float | None = 1) -> Past:
    end = None if seconds is None else NOON + timedelta(seconds=seconds)
    return Past(1, "job", status, NOON, None if seconds is None else NOON, end)


def drawn(*runs: Past) -> ElementTree.Element:
    return ElementTree.fromstring(strip(runs, UTC).replace("<svg", f'<svg xmlns="{SVG[1:-1]}"', 1))


def heights(*runs: Past) -> list[int]:
    """How high the bars are, from left to right."""
    bars = [(path.get("d") or "") for path in drawn(*runs).findall(f"{SVG}g/{SVG}path[last()]")]
    found = [re.fullmatch(r"M(\d+) (\d+)h3V24h-3z", bar) for bar in bars]
    pairs = sorted((int(match[1]), int(match[2])) for match in found if match)
    assert len(pairs) == len(runs)
    return [24 - top for _x, top in pairs]


def test_a_bar_is_as_high_as_its_run_was_long_and_the_newest_is_at_the_end() -> None:
    assert heights(run(seconds=4), run(seconds=2), run(seconds=1)) == [6, 12, 24]


def test_a_run_that_took_no_time_or_was_none_has_a_bar_too() -> None:
    assert heights(run(seconds=100), run(seconds=0), run(Status.MISSED, None)) == [3, 3, 24]
    assert heights(run(seconds=0)) == [3]


def test_a_strip_has_room_for_thirty() -> None:
    many = drawn(*[run()] * 40)
    assert len(many.findall(f"{SVG}g")) == LONGEST == 30
    assert many.get("aria-label") == "Last 30 runs: 30 succeeded"


def test_what_went_wrong_is_seen_without_its_colour() -> None:
    failed, fine = drawn(run(Status.FAILED), run()).findall(f"{SVG}g")
    assert len(failed.findall(f"{SVG}path")) == 2
    assert len(fine.findall(f"{SVG}path")) == 1


def test_a_bar_says_how_its_run_ended_when_it_was_due_and_how_long_it_took() -> None:
    title = drawn(run(Status.FAILED, 1.5)).find(f"{SVG}g/{SVG}title")
    assert title is not None
    assert title.text == "✗ failed · 2026-03-04 12:00:00 UTC · 1.5 s"


def test_the_summary_counts_the_outcomes() -> None:
    assert summary([run()]) == "Last run: 1 succeeded"
    runs = [run(Status.FAILED), *[run()] * 2, run(Status.LOST)]
    assert summary(runs) == "Last 4 runs: 2 succeeded, 1 failed, 1 lost"
    with translation.override("ja"):
        assert "1" in summary(runs)


def test_a_status_that_there_is_not_is_shown_as_it_is_and_escaped() -> None:
    shown = strip([run("<b>")], UTC)
    assert "&lt;b&gt;" in shown
    assert "<b>" not in shown


def told(client: Client) -> str:
    return cell(client.get(LIST).content.decode(), "last_run")


def test_a_queued_run_is_the_last_only_where_there_is_no_other(client: Client) -> None:
    job_id = CountJob.objects.create(name="a").job_id
    make_execution(Status.QUEUED, job_id=job_id, scheduled_at=NOON + 2 * SECOND)
    assert told(client).startswith("… queued")
    make_execution(Status.FAILED, job_id=job_id)
    assert told(client).startswith("✗ failed")
    make_execution(Status.RUNNING, job_id=job_id, scheduled_at=NOON + SECOND)
    assert told(client).startswith("▸ running")


def test_the_strip_is_in_the_list_and_leads_to_all_the_runs(client: Client) -> None:
    job_id = CountJob.objects.create(name="a").job_id
    for number in range(31):
        status = Status.FAILED if number == 3 else Status.SUCCEEDED
        make_execution(status, job_id=job_id, scheduled_at=NOON + number * SECOND)
    page = client.get(LIST).content.decode()
    assert 'aria-label="Last 30 runs: 29 succeeded, 1 failed"' in page
    assert re.search(r'<a href="[^"]*job_id=[^"]*"><svg class="countjobs-strip"', page)


@pytest.mark.django_db
def test_who_may_not_see_the_history_learns_nothing_of_it() -> None:
    job_id = CountJob.objects.create(name="a").job_id
    make_execution(Status.FAILED, job_id=job_id)
    client = client_of("viewer")
    User.objects.get().user_permissions.filter(codename="view_execution").delete()
    page = client.get(LIST).content.decode()
    assert "countjobs-failed" not in page
    assert "outcome=" not in page
    assert "/admin/countjobs/execution/" not in page.split('id="changelist"')[1]
