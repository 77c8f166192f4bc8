"""The page of one execution: what it tells, and what it does for whom."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin import AdminSite
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from countjobs.admin.executions.page import may_run
from countjobs.history import lifecycle
from countjobs.history.lifecycle import begin
from countjobs.models import CountJob, Execution
from countjobs.models.executions import ACTIVE, Status, Trigger
from tests.support.factories import NOON, SECOND, make_definition, make_execution
from tests.support.people import client_of, user_of

pytestmark = pytest.mark.django_db

NODE = "here:1:1"


@pytest.fixture
def client() -> Client:
    return client_of("superuser")


@pytest.fixture
def definition() -> CountJob:
    return make_definition(due=None)


def execution_of(
    definition: CountJob, status: Status = Status.SUCCEEDED, **fields: Any
) -> Execution:
    return make_execution(status, job_id=definition.job_id, job_name=definition.name, **fields)


def url_of(execution: Execution, page: str = "change") -> str:
    return reverse(f"admin:countjobs_execution_{page}", args=[execution.pk])


def posted(client: Client, execution: Execution, page: str) -> str:
    """What the page says that a post leads to."""
    response = client.post(url_of(execution, page), follow=True)
    assert response.status_code == 200
    return " ".join(str(message) for message in response.context["messages"])


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
        tools = client.get(url_of(this)).context["tools"]
        assert tools.previous == (url_of(before) if before else "")
        assert tools.next == (url_of(after) if after else "")


# Running again


def test_run_again_asks_for_a_run_with_the_same_parameters_and_goes_to_it(
    client: Client, definition: CountJob
) -> None:
    old = execution_of(definition, Status.FAILED, parameters={"count": 7})
    CountJob.objects.update(name="renamed")
    response = client.post(url_of(old, "again"))
    new = Execution.objects.exclude(pk=old.pk).get()
    assert response["Location"] == url_of(new)
    assert (new.job_id, new.job_name, new.parameters) == (old.job_id, "renamed", {"count": 7})
    assert (new.status, new.trigger, new.node) == (Status.QUEUED, Trigger.MANUAL, "")
    assert new.requested_by == "superuser"


def test_a_job_that_was_deleted_is_not_run_again(client: Client, definition: CountJob) -> None:
    old = execution_of(definition)
    definition.delete()
    assertNotContains(client.get(url_of(old)), "Run again")
    assert "was deleted" in posted(client, old, "again")
    assert Execution.objects.count() == 1


def test_a_job_from_code_is_run_again_by_superusers_only(client: Client) -> None:
    old = make_execution()
    assertContains(client.get(url_of(old)), "Run again")
    assert "Run requested" in posted(client, old, "again")
    runner = client_of("runner")
    assertNotContains(runner.get(url_of(old)), "Run again")
    assert runner.post(url_of(old, "again")).status_code == 403


@pytest.mark.parametrize("status", ACTIVE)
def test_what_has_not_ended_is_not_run_again_even_if_it_is_asked_for(
    status: Status, client: Client, definition: CountJob
) -> None:
    active = execution_of(definition, status)
    assert posted(client, active, "again") == "It can't run again before it has ended."
    assert Execution.objects.get() == active


@pytest.mark.parametrize(
    ("status", "offered"),
    [
        (Status.QUEUED, "Cancel it"),
        (Status.RUNNING, None),
        (Status.SUCCEEDED, "Run again"),
        (Status.FAILED, "Run again"),
        (Status.MISSED, "Run again"),
        (Status.CANCELLED, "Run again"),
    ],
)
def test_what_can_be_done_depends_on_how_it_stands(
    status: Status, offered: str | None, definition: CountJob
) -> None:
    page = client_of("runner").get(url_of(execution_of(definition, status))).content.decode()
    assert [word for word in ("Cancel it", "Run again") if word in page] == [offered] * bool(
        offered
    )


# Cancelling


@pytest.mark.parametrize("node", ["", NODE])
def test_what_is_queued_can_be_cancelled_and_says_who_did_it(
    node: str, client: Client, definition: CountJob
) -> None:
    queued = execution_of(definition, Status.QUEUED, node=node)
    assert posted(client, queued, "cancel") == "It was cancelled."
    queued.refresh_from_db()
    assert (queued.status, queued.error) == (Status.CANCELLED, "Cancelled by superuser.")
    assert queued.finished_at is not None
    assert begin(node, [queued.pk], timezone.now()) == [], "no scheduler begins it any more"


@pytest.mark.parametrize("status", [Status.RUNNING, Status.SUCCEEDED, Status.CANCELLED])
def test_what_is_not_queued_any_more_is_not_cancelled(
    status: Status, client: Client, definition: CountJob
) -> None:
    finished_at = None if status == Status.RUNNING else NOON
    execution = execution_of(definition, status, node=NODE, finished_at=finished_at, error="why")
    assert "too late" in posted(client, execution, "cancel")
    execution.refresh_from_db()
    assert (execution.status, execution.error) == (status, "why")


def test_a_run_that_begins_between_the_look_and_the_cancel_goes_on(definition: CountJob) -> None:
    queued = execution_of(definition, Status.QUEUED, node=NODE)
    assert begin(NODE, [queued.pk], NOON) == [queued.pk]
    assert not lifecycle.cancel(queued.pk, "too late", NOON)
    queued.refresh_from_db()
    assert (queued.status, queued.finished_at) == (Status.RUNNING, None)


# Who may


@pytest.mark.parametrize("page", ["again", "cancel"])
@pytest.mark.parametrize(
    ("role", "status"),
    [("anonymous", 302), ("nobody", 403), ("viewer", 403), ("editor", 403), ("runner", 302)],
)
def test_only_who_may_run_the_job_may_run_it_again_or_cancel_it(
    role: str, status: int, page: str, definition: CountJob
) -> None:
    stands = {"again": Status.FAILED, "cancel": Status.QUEUED}[page]
    execution = execution_of(definition, stands)
    before = list(Execution.objects.values())
    assert client_of(role).post(url_of(execution, page)).status_code == status
    assert (list(Execution.objects.values()) != before) is (role == "runner")


@pytest.mark.parametrize("role", ["viewer", "editor"])
@pytest.mark.parametrize("status", Status)
def test_who_may_not_run_it_sees_no_buttons(
    role: str, status: Status, definition: CountJob
) -> None:
    page = client_of(role).get(url_of(execution_of(definition, status)))
    assertNotContains(page, "formaction")


@pytest.mark.parametrize(
    ("role", "status"), [("anonymous", 302), ("nobody", 403), ("viewer", 200), ("superuser", 200)]
)
def test_only_who_may_see_the_page_may_follow_it(
    role: str, status: int, definition: CountJob
) -> None:
    url = url_of(execution_of(definition), "live")
    assert client_of(role).get(url).status_code == status


@pytest.mark.parametrize("page", ["again", "cancel"])
def test_a_look_does_nothing_and_a_forged_request_is_refused(
    page: str, definition: CountJob
) -> None:
    queued = execution_of(definition, Status.QUEUED)
    assert client_of("runner").get(url_of(queued, page)).status_code == 405
    forged = client_of("superuser", enforce_csrf_checks=True).post(url_of(queued, page))
    assert forged.status_code == 403
    assert Execution.objects.get().status == Status.QUEUED


def test_without_pages_of_its_own_a_kind_is_run_by_who_has_the_permission(rf: Any) -> None:
    request = rf.get("/")
    for role in ("runner", "viewer"):
        request.user = user_of(role)
        assert may_run(request, AdminSite(), "countjobs.countjob:1") is (role == "runner")


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
        content = client.get(url_of(execution, page)).content.decode()
        assert ("data-countjobs-live" in content) is goes_on
        assert (">Reload</a>" in content) is goes_on


def test_what_is_followed_is_the_parts_of_the_page_and_no_more(
    client: Client, definition: CountJob
) -> None:
    execution = execution_of(
        definition, Status.RUNNING, started_at=timezone.now(), output="half\n", progress_done=3
    )
    whole = client.get(url_of(execution)).content.decode()
    parts = client.get(url_of(execution, "live")).content.decode()
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
    page = client.get(url_of(make_execution(status, progress_done=done, progress_total=total)))
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
            client.get(url_of(execution))
        return len(captured)

    client.get(url_of(execution))
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
        content = client.get(url_of(execution, page))
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
        assert client.get(url_of(execution, page)).status_code == 200
    assert client.post(url_of(execution, "again")).status_code == 302


@pytest.mark.parametrize("role", ["viewer", "superuser"])
def test_messages_that_nobody_validated_break_no_page_either(
    role: str, definition: CountJob
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("""UPDATE countjobs_countjob SET messages = '{"a": "\\ud83d"}'""")
    url = reverse("admin:countjobs_countjob_change", args=[definition.pk])
    assert client_of(role).get(url).status_code == 200
