"""Issue 8, line 4: runs that hang and take all threads are told of, with since when."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from countjobs.jobstores.room import look
from countjobs.models import Execution
from countjobs.models.executions import Status
from countjobs.models.nodes import State
from tests.support.factories import NOON, SECOND, make_definition, make_execution, make_node

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon_clock")]

LONG_AGO = NOON - timedelta(minutes=10)


def hang(node: str, number: int = 1, **fields: object) -> Execution:
    """A run that has gone on for ten minutes and more."""
    began = LONG_AGO - number * SECOND
    values = {"job_id": f"hang {number}", "job_name": f"hang {number}", "started_at": began}
    return make_execution(Status.RUNNING, node=node, **{**values, **fields})


def full(threads: int = 2) -> list[Execution]:
    """The runs that take all of a scheduler's threads, the longest first."""
    node = make_node(capacity=threads)
    return [hang(node.name, number) for number in range(threads, 0, -1)]


def test_no_room_is_told_of_with_who_takes_it_and_since_when() -> None:
    runs = full()
    make_definition(due=LONG_AGO)
    taken = look(NOON).taken_by
    assert [run.execution_id for run in taken] == [run.pk for run in runs]
    assert [run.since for run in taken] == [LONG_AGO - 2 * SECOND, LONG_AGO - SECOND]


def test_what_was_asked_for_waits_too() -> None:
    full()
    make_execution(Status.QUEUED, scheduled_at=LONG_AGO)
    assert len(look(NOON).taken_by) == 2


@pytest.mark.parametrize("waits", ["nothing", "not long", "paused"])
def test_where_nothing_has_waited_long_there_is_room(waits: str) -> None:
    full()
    if waits == "not long":
        make_definition(due=NOON - 14 * SECOND)
        make_execution(Status.QUEUED, scheduled_at=NOON - 14 * SECOND)
    if waits == "paused":
        make_definition(due=None, enabled=False)
    assert not look(NOON).taken_by


@pytest.mark.parametrize("other", ["free thread", "short run", "other scheduler"])
def test_where_a_scheduler_gets_on_there_is_room(other: str) -> None:
    make_definition(due=LONG_AGO)
    runs = full()
    if other == "free thread":
        runs[0].delete()
    if other == "short run":
        Execution.objects.filter(pk=runs[0].pk).update(started_at=NOON - 14 * SECOND)
    if other == "other scheduler":
        make_node(capacity=1, host="other")
    assert not look(NOON).taken_by


@pytest.mark.parametrize("state", [State.DRAINING, State.STOPPED])
def test_schedulers_that_take_no_work_don_t_count(state: State) -> None:
    make_definition(due=LONG_AGO)
    make_node(capacity=1, host="other", state=state)
    full()
    assert len(look(NOON).taken_by) == 2


def test_one_that_drains_is_there_and_leaves_no_room_to_speak_of() -> None:
    make_definition(due=LONG_AGO)
    make_node(state=State.DRAINING)
    assert look(NOON).alive
    assert not look(NOON).taken_by


def test_it_costs_one_query_and_two_while_work_waits() -> None:
    full()
    with CaptureQueriesContext(
        connection,
    ) as quiet:
        look(NOON)
    make_definition(due=LONG_AGO)
    with CaptureQueriesContext(connection) as waiting:
        look(NOON)
    assert (len(quiet), len(waiting)) == (1, 2)


# schedulerstatus


def status(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[object, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        call_command("schedulerstatus", *options)
    return ended.value.code, capsys.readouterr().out


def test_schedulerstatus_ends_with_4_and_names_the_runs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    runs = full()
    make_definition(due=LONG_AGO)
    code, said = status(capsys)
    assert code == 4
    assert said.splitlines()[-3:] == [
        "No free thread: each has been busy with the same run for over 15 s, and other runs are "
        "waiting.",
        f'  run {runs[0].pk} of "hang 2", since 2026-03-04 11:49:58 UTC',
        f'  run {runs[1].pk} of "hang 1", since 2026-03-04 11:49:59 UTC',
    ]


def test_schedulerstatus_says_so_as_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    run = full(threads=1)[0]
    make_definition(due=LONG_AGO)
    code, said = status(capsys, "--json")
    assert code == 4
    (taken,) = json.loads(said)["taken_by"]
    assert (taken["job"], taken["run"]) == ("hang 1", run.pk)
    assert taken["since"] == (LONG_AGO - SECOND).isoformat()


def test_a_name_can_t_forge_a_line_of_what_it_prints(capsys: pytest.CaptureFixture[str]) -> None:
    node = make_node(capacity=1)
    hang(node.name, job_name="a\nall is well\x1b[32m")
    make_definition(due=LONG_AGO)
    said = status(capsys)[1]
    assert "\nall is well" not in said
    assert "\x1b" not in said


# The banner


def banner(client: Client) -> str:
    page = client.get(reverse("admin:index")).content.decode()
    return page.partition('<div class="countjobs-banner"')[2].partition("</div>")[0]


def test_the_banner_says_so_with_links_to_the_runs(admin_client: Client) -> None:
    runs = full()
    make_definition(due=LONG_AGO)
    said = banner(admin_client)
    assert "No scheduler has a free thread" in said
    for run in runs:
        assert reverse("admin:countjobs_execution_change", args=[run.pk]) in said
        assert run.job_name in said
    assert reverse("admin:countjobs_running") in said


def test_the_banner_shows_a_name_as_what_it_is(admin_client: Client) -> None:
    """Issue 8, line 45: what can't be seen in the name of a run is written out here, too."""
    node = make_node(capacity=1)
    hang(node.name, job_name="good\u202eevil")
    make_definition(due=LONG_AGO)
    said = banner(admin_client)
    assert r"good\u202eevil" in said
    assert "\u202e" not in said


def test_the_banner_is_short_however_many_threads_there_are(admin_client: Client) -> None:
    full(threads=30)
    make_definition(due=LONG_AGO)
    said = banner(admin_client)
    assert said.count("/execution/") == 7  # five runs, the list of them, and “Running now”
    assert "and more" in said


def test_the_banner_names_runs_only_to_who_may_see_them(client: Client) -> None:
    user = User.objects.create_user("sam", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_schedulernode"))
    client.force_login(user)
    full()
    make_definition(due=LONG_AGO)
    said = banner(client)
    assert "No scheduler has a free thread" in said
    assert "hang" not in said
