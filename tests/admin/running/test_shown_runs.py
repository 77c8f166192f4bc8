"""“Running now”: what it says of each run, in which order, and to whom."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from countjobs.admin.running import going_on
from countjobs.admin.running.shown_runs import TAIL, last_lines
from countjobs.models import CountJob, Execution
from countjobs.models.executions import Status, Trigger
from tests.app.models import Greeting
from tests.support.factories import SECOND, execution_of, make_definition, make_execution
from tests.support.people import client_of
from tests.support.running_now import NOW, PARTS, RUNNING, goes_on, had_runs, rows_of

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
LONG = "longer than usual"


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def definition() -> CountJob:
    return make_definition("count", due=None, retries=3)


@pytest.fixture
def viewer() -> Client:
    return client_of("viewer")


def test_a_run_in_progress_is_told_with_all_that_is_known(definition: CountJob) -> None:
    had_runs(definition, 20, 40 * SECOND, NOW - timedelta(hours=1))
    how_far = {
        "progress_done": 300,
        "progress_total": 1_000,
        "output": "a\nb\nc\n\x1b[31md\x1b[0m\n",
    }
    goes_on(definition, 61 * SECOND, scheduled_at=NOW - 70 * SECOND, **how_far)
    (row,) = rows_of(client_of("superuser"), "running")
    assert row == (
        "▸ running by hand count 1 min 1 s usually at most 40.0 s"
        " since 2026-03-04 12:58:59 UTC due at 2026-03-04 12:58:50 UTC"
        " worker:7 300 of 1,000 (30 %) b c d Cancel"
    )


def test_a_queued_run_is_told_with_how_long_it_waits(viewer: Client, definition: CountJob) -> None:
    execution_of(definition, Status.QUEUED, scheduled_at=NOW - 5 * SECOND)
    execution_of(definition, Status.QUEUED, scheduled_at=NOW - 9 * SECOND, node="a:1:b")
    assert rows_of(viewer, "queued") == [
        "… queued by hand count 9.0 s due at 2026-03-04 12:59:51 UTC a:1",
        "… queued by hand count 5.0 s due at 2026-03-04 12:59:55 UTC -",
    ]


def test_attempts_that_wait_for_their_time_stand_apart_until_it_comes(
    viewer: Client, definition: CountJob
) -> None:
    chain = {"attempt": 2, "first_attempt": 1, "trigger": Trigger.RETRY}
    at = {"scheduled_at": NOW - MINUTE, "not_before": NOW + 2 * MINUTE}
    execution_of(definition, Status.QUEUED, **chain, **at)
    assert rows_of(viewer, "queued") == []
    assert rows_of(viewer, "waiting") == [
        "… queued next attempt 2 of 4 count 2026-03-04 13:02:00 UTC (in 2 min 0 s)"
        " due at 2026-03-04 12:59:00 UTC"
    ]
    with time_machine.travel(NOW + 3 * MINUTE, tick=False):
        assert rows_of(viewer, "waiting") == []
        (row,) = rows_of(viewer, "queued")
        assert "count 1 min 0 s since 2026-03-04 13:02:00 UTC due at" in row


def test_what_was_asked_to_stop_says_who_asked_and_offers_no_button(definition: CountJob) -> None:
    asked: dict[str, Any] = {"cancel_requested_at": NOW - 3 * SECOND, "cancel_requested_by": "ann"}
    goes_on(definition, **asked)
    goes_on(definition, **{**asked, "cancel_requested_by": ""})
    first, second = rows_of(client_of("superuser"), "running")
    assert first.endswith("■ asked to stop by ann, 3.0 s ago")
    assert second.endswith("■ asked to stop 3.0 s ago")


def test_the_longest_come_first_and_what_has_ended_is_not_listed(
    viewer: Client, definition: CountJob
) -> None:
    for seconds in (3, 9, 6):
        goes_on(definition, seconds * SECOND)
    had_runs(definition, 3, SECOND, NOW)
    rows = rows_of(viewer, "running")
    assert [row.split("count ")[1].split(" s ")[0] for row in rows] == ["9.0", "6.0", "3.0"]


# Longer than usual


@pytest.mark.parametrize(
    ("known", "took", "ago", "marked"),
    [
        (20, 10, 31, True),
        (20, 10, 30, False),
        (19, 10, 3_000, False),
        (0, 0, 3_000, False),
        (20, 0.001, 0.5, False),
        (20, 0.001, 1.5, True),
    ],
)
def test_a_run_beyond_three_times_the_usual_is_marked_if_enough_are_known(
    known: int, took: float, ago: float, marked: bool, definition: CountJob
) -> None:
    had_runs(definition, known, timedelta(seconds=took), NOW - timedelta(hours=1))
    goes_on(definition, timedelta(seconds=ago))
    (row,) = rows_of(client_of("viewer"), "running")
    assert (f"▲ {LONG}" in row) is marked
    assert ("usually at most" in row) is (known == 20)


def test_what_is_skipped_while_a_job_hangs_hides_nothing(
    viewer: Client, definition: CountJob
) -> None:
    had_runs(definition, 25, SECOND, NOW - 100 * MINUTE)
    goes_on(definition, 100 * MINUTE)
    for number in range(100):
        due = NOW - timedelta(seconds=number + 1)
        execution_of(definition, Status.SKIPPED, scheduled_at=due, finished_at=due)
    (row,) = rows_of(viewer, "running")
    assert LONG in row


def test_a_queued_run_is_never_longer_than_usual(viewer: Client, definition: CountJob) -> None:
    had_runs(definition, 25, SECOND, NOW - 100 * MINUTE)
    execution_of(definition, Status.QUEUED, scheduled_at=NOW - 50 * MINUTE)
    assert LONG not in rows_of(viewer, "queued")[0]


# Whom it is shown to


def test_who_may_not_run_a_job_is_offered_nothing_to_cancel(viewer: Client) -> None:
    goes_on(make_definition(due=None))
    page = viewer.get(RUNNING).content.decode()
    assert "Cancel" not in page
    assert 'name="run"' not in page
    make_execution(Status.QUEUED)  # a job from code: superusers only
    assert client_of("runner").get(RUNNING).content.decode().count('name="run"') == 1
    assert client_of("superuser").get(RUNNING).content.decode().count('name="run"') == 2


def test_a_job_that_a_person_may_not_see_is_not_listed_and_not_counted(viewer: Client) -> None:
    greeting = Greeting.objects.create(name="secret", greeted="x")
    for status in (Status.RUNNING, Status.QUEUED):
        make_execution(status, job_id=greeting.job_id, job_name="secret", started_at=NOW)
    page = viewer.get(RUNNING).content.decode()
    assert "secret" not in page
    assert "No run is in progress." in page
    assert "No run is queued." in page
    assert "secret" in client_of("superuser").get(RUNNING).content.decode()


# As much as a page holds


def test_so_many_are_listed_and_the_others_are_counted(
    viewer: Client, definition: CountJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(going_on, "MOST_RUNNING", 2)
    monkeypatch.setattr(going_on, "MOST_QUEUED", 2)
    for _ in range(3):
        goes_on(definition)
    for _ in range(4):
        execution_of(definition, Status.QUEUED)
    page = viewer.get(RUNNING).content.decode()
    assert "Running (3)" in page
    assert "1 more is not shown." in page
    assert "Queued (4)" in page
    assert "2 more are not shown." in page
    monkeypatch.setattr(going_on, "MOST_COUNTED", 5)
    assert "Only the first" in viewer.get(RUNNING).content.decode()


def test_the_parts_alone_are_what_the_page_shows(definition: CountJob) -> None:
    goes_on(definition)
    client = client_of("superuser")
    page, parts = (client.get(url).content.decode() for url in (RUNNING, PARTS))
    begin = '<div class="countjobs-now">'
    assert parts.split(begin)[1].strip() in page.split(begin)[1]
    assert "<html" not in parts
    assert "csrf" not in parts, "a token that is never the same would make all of it look new"
    for name in ("banner", "updated", "parts"):
        assert f'data-countjobs-fresh="{name}"' in page
        assert f'data-countjobs-fresh="{name}"' in parts


def test_it_is_linked_from_the_overview_and_from_the_list_of_runs(viewer: Client) -> None:
    for url in ("/admin/countjobs/execution/", "/admin/countjobs/execution/overview/"):
        assert f'<a href="{RUNNING}">Running now</a>' in viewer.get(url).content.decode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("a\n", "a"),
        ("a\n\nb\nc\r\nd\n", "b\nc\nd"),
        ("\x1b[1mbold\x1b[0m\n\u202e\x07", "bold\n\\u202e\\u0007"),
        ("x" * 500, "x" * 160 + "…"),
        ("x" * TAIL, "…" + "x" * 159 + "…"),
        ("cut".rjust(TAIL - 4) + "\nend", "end"),
    ],
)
def test_the_tail_of_an_output(text: str, shown: str) -> None:
    assert last_lines(text) == shown


def test_hostile_texts_are_escaped(definition: CountJob) -> None:
    fields: dict[str, Any] = {
        "job_name": "<b>\u202e",
        "output": "<i>",
        "node": "<u>:1:x",
        "cancel_requested_at": NOW,
        "cancel_requested_by": "<s>",
    }
    run = goes_on(definition)
    Execution.objects.filter(pk=run.pk).update(**fields)
    page = client_of("superuser").get(RUNNING).content.decode()
    for tag in ("<b>", "<i>", "<u>", "<s>", "\u202e"):
        assert tag not in page
