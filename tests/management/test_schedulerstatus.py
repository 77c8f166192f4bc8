"""`schedulerstatus`: whether a scheduler lives, for people and for probes."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django_apscheduler.models import DjangoJob

from countjobs.models import ParkedJob
from countjobs.models.executions import Status
from countjobs.models.nodes import State
from tests.support.factories import NOON, SECOND, make_execution, make_node
from tests.support.people import client_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon_clock")]


def test_promise_04_it_ends_with_0_where_a_scheduler_lives(
    capsys: pytest.CaptureFixture[str],
) -> None:
    node = make_node(NOON - 2 * SECOND, capacity=4)
    call_command("schedulerstatus")
    assert capsys.readouterr().out == (
        f"{node.name}: running, 4 threads, last heartbeat 2.0 s ago\n"
        "0 runs are running, 0 jobs are broken.\n"
    )


@pytest.mark.parametrize("silent", [False, True])
def test_promise_04_it_ends_with_1_where_none_lives(
    silent: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    if silent:
        make_node(NOON - timedelta(hours=1))
        make_node(NOON, state=State.STOPPED)
    with pytest.raises(SystemExit) as ended:
        call_command("schedulerstatus")
    assert ended.value.code == 1
    assert capsys.readouterr().out == (
        "No scheduler is alive. Start one: manage.py runscheduler\n"
        "0 runs are running, 0 jobs are broken.\n"
    )


def test_it_counts_what_runs_and_what_is_broken(capsys: pytest.CaptureFixture[str]) -> None:
    make_node()
    for status in (Status.RUNNING, Status.RUNNING, Status.QUEUED, Status.SUCCEEDED):
        make_execution(status)
    ParkedJob.objects.create(job_id="code", error="it", parked_at=NOON)
    with pytest.raises(SystemExit) as ended:
        call_command("schedulerstatus")
    assert ended.value.code == 3
    assert capsys.readouterr().out.endswith("2 runs are running, 1 job is broken.\n")


def test_it_tells_how_many_threads_were_given_up(capsys: pytest.CaptureFixture[str]) -> None:
    make_node(NOON, given_up=1)
    call_command("schedulerstatus")
    assert "last heartbeat 0.0 s ago, 1 thread given up\n" in capsys.readouterr().out
    call_command("schedulerstatus", "--json")
    (node,) = json.loads(capsys.readouterr().out)["schedulers"]
    assert node["given_up"] == 1


def test_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    node = make_node(NOON - 2 * SECOND, started=NOON - timedelta(hours=1), version="0.1.0")
    call_command("schedulerstatus", "--json")
    assert json.loads(capsys.readouterr().out) == {
        "alive": True,
        "schedulers": [
            {
                "name": node.name,
                "state": "running",
                "capacity": 4,
                "given_up": 0,
                "version": "0.1.0",
                "started": "2026-03-04T11:00:00+00:00",
                "heartbeat_seconds_ago": 2.0,
                "cannot_claim": "",
            }
        ],
        "running": 0,
        "broken": 0,
        "taken_by": [],
        "unknown_kinds": [],
        "foreign_rows": 0,
        "held": None,
        "status": 0,
        "problems": [],
    }


def test_json_tells_that_none_lives_too(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("schedulerstatus", "--json")
    assert ended.value.code == 1
    state = json.loads(capsys.readouterr().out)
    assert (state["alive"], state["schedulers"]) == (False, [])


@pytest.mark.parametrize("others", ["none", "one can", "one can't"])
def test_it_ends_with_5_where_those_that_live_can_not_start_runs(
    others: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Issue 8, line 1."""
    node = make_node(NOON, cannot_claim="OperationalError: no such table")
    make_node(NOON, state=State.STOPPED)
    ParkedJob.objects.create(job_id="code", error="it", parked_at=NOON)
    if others != "none":
        make_node(NOON, cannot_claim="" if others == "one can" else "ProgrammingError: no")
    with pytest.raises(SystemExit) as ended:
        call_command("schedulerstatus")
    assert ended.value.code == (3 if others == "one can" else 5), "5 weighs more than 3"
    said = capsys.readouterr().out
    assert (
        f"{node.name}: running, 4 threads, last heartbeat 0.0 s ago, can't start runs: Op" in said
    )
    with pytest.raises(SystemExit):
        call_command("schedulerstatus", "--json")
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert problems == (["broken"] if others == "one can" else ["cannot_claim", "broken"])


def test_the_banner_says_why_to_who_may_see_schedulers() -> None:
    """Issue 8, line 1."""
    make_node(NOON, cannot_claim="ProgrammingError: no <b>such</b> column")
    page = client_of("superuser").get("/admin/").content.decode()
    assert "Schedulers can't start runs, and keep trying:" in page
    assert "no &lt;b&gt;such&lt;/b&gt; column" in page
    make_node(NOON)
    page = client_of("viewer").get("/admin/").content.decode()
    assert "can't start runs" not in page


def test_foreign_rows_are_no_problem_and_are_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    """Issue 8, line 3."""
    make_node(NOON)
    DjangoJob.objects.create(id="theirs", next_run_time=NOON, job_state=b"theirs")
    call_command("schedulerstatus")
    assert (
        "Rows in the job store that another program wrote, or another key signed (left as they "
        "are): 1."
    ) in capsys.readouterr().out
