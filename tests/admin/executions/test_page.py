"""The page of one execution: what it tells, and what it does for whom."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from countjobs.models import CountJob, Execution
from countjobs.models.executions import Status
from tests.support.admin_pages import run_url
from tests.support.factories import NOON, SECOND, execution_of, make_definition, make_execution
from tests.support.people import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def definition() -> CountJob:
    return make_definition(due=None)


# Neighbours


def test_the_runs_before_and_after_it_are_linked_in_their_order(
    client: Client, definition: CountJob
) -> None:
    first, second, third, fourth = (
        execution_of(definition, scheduled_at=NOON + seconds * SECOND) for seconds in (0, 1, 1, 2)
    )
    make_execution(job_id="other", scheduled_at=NOON + SECOND)
    order: list[Execution | None] = [None, first, second, third, fourth, None]
    for before, this, after in zip(order, order[1:], order[2:], strict=False):
        assert this is not None
        tools = client.get(run_url(this)).context["tools"]
        assert tools.previous == (run_url(before) if before else "")
        assert tools.next == (run_url(after) if after else "")


# Running again


# Cancelling


# Who may


@pytest.mark.parametrize("page", ["again", "cancel", "live"])
@pytest.mark.parametrize("key", ["999", "x", "9" * 30, "1_0A"])
def test_what_is_not_there_is_not_found(page: str, key: str, client: Client) -> None:
    url = reverse(f"admin:countjobs_execution_{page}", args=[key])
    answer = client.get(url) if page == "live" else client.post(url)
    assert answer.status_code == 404


# Following it


@pytest.mark.parametrize("status", Status)
def test_only_what_goes_on_is_followed(
    status: Status, client: Client, definition: CountJob
) -> None:
    execution = execution_of(definition, status)
    goes_on = status in (Status.QUEUED, Status.RUNNING)
    for page in ("change", "live"):
        content = client.get(run_url(execution, page)).content.decode()
        assert ("data-countjobs-live" in content) is goes_on
        assert (">Reload</a>" in content) is goes_on


def test_what_is_followed_is_the_parts_of_the_page_and_no_more(
    client: Client, definition: CountJob
) -> None:
    execution = execution_of(
        definition, Status.RUNNING, started_at=timezone.now(), output="half\n", progress_done=3
    )
    whole = client.get(run_url(execution)).content.decode()
    parts = client.get(run_url(execution, "live")).content.decode()
    for part in ("status", "progress", "reload", "tools", "facts"):
        assert f'data-countjobs-part="{part}"' in whole
        assert f'data-countjobs-part="{part}"' in parts
    assert "half\n" in parts
    assert "<html" not in parts
    assert "csrf" not in parts, "a token that is never the same would make all of it look new"


@pytest.mark.parametrize(
    ("done", "total", "status", "shown"),
    [
        (None, None, Status.RUNNING, None),
        (300, 1_000, Status.RUNNING, "300 of 1,000 (30 %)"),
        (999, 1_000, Status.FAILED, "999 of 1,000 (99 %)"),
        (300, 1_000, Status.SUCCEEDED, None),
        (4_000, None, Status.LOST, "4,000 done"),
        (0, 0, Status.RUNNING, "0 done"),
        (2**63 - 1, 2**63 - 1, Status.RUNNING, "(100 %)"),
    ],
)
def test_progress_is_shown_until_the_run_has_succeeded(
    done: int | None, total: int | None, status: Status, shown: str | None, client: Client
) -> None:
    page = client.get(run_url(make_execution(status, progress_done=done, progress_total=total)))
    progress = str(page.context["progress"])
    assert (shown in progress) if shown else progress == ""
    assert ("<progress" in progress) is bool(shown and total)


# Cost, and what nobody has validated


def test_the_page_takes_as_many_queries_whatever_is_around_it(
    client: Client, definition: CountJob
) -> None:
    execution = execution_of(definition, output="x")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(run_url(execution))
        return len(captured)

    client.get(run_url(execution))
    counts = [queries()]
    for size in (3, 30):
        for number in range(size):
            execution_of(definition, scheduled_at=NOON + number * SECOND, output="y" * 1_000)
        counts.append(queries())
    assert len(set(counts)) == 1


HOSTILE = "<script>alert(1)</script>\u202e\x01\x1b[31m" + "x" * 100_000


@pytest.mark.parametrize("role", ["superuser", "viewer"])
def test_whatever_it_said_is_shown_as_text(role: str, definition: CountJob) -> None:
    execution = execution_of(
        definition, Status.FAILED, output=HOSTILE, error=HOSTILE, traceback=HOSTILE, node="<b>"
    )
    client = client_of(role)
    for page in ("change", "live"):
        content = client.get(run_url(execution, page))
        assertNotContains(content, "<script>alert")
        assertContains(content, "&lt;script&gt;alert(1)", count=3)


@pytest.mark.parametrize(
    "stored", ['{"message": "\\ud83d \\u0000"}', '"\\ud83d"', "no json", "[1]", "null", '{"a": ']
)
def test_parameters_that_nobody_validated_break_no_page(
    stored: str, client: Client, definition: CountJob
) -> None:
    execution = execution_of(definition)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE countjobs_execution SET parameters = %s", [stored])
    for page in ("change", "live"):
        assert client.get(run_url(execution, page)).status_code == 200
    assert client.post(run_url(execution, "again")).status_code == 302


@pytest.mark.parametrize("role", ["viewer", "superuser"])
def test_messages_that_nobody_validated_break_no_page_either(
    role: str, definition: CountJob
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("""UPDATE countjobs_countjob SET messages = '{"a": "\\ud83d"}'""")
    url = reverse("admin:countjobs_countjob_change", args=[definition.pk])
    assert client_of(role).get(url).status_code == 200
