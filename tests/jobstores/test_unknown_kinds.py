"""Issue 8, line 2: what a scheduler doesn't know is left to others; told of, when nobody does.

A scheduler of an old release runs beside one of a new release, or beside one that has more apps.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django_apscheduler.models import DjangoJob

from countjobs import __version__
from countjobs.jobstores.neighbours import known_kinds
from countjobs.jobstores.rows import run_definition
from countjobs.jobstores.store import DatabaseJobStore
from countjobs.jobstores.sync import look_again
from countjobs.models import CountJob, Execution, ParkedJob, SchedulerNode
from countjobs.models.executions import Status, Trigger
from countjobs.models.nodes import State
from countjobs.schedulers.lost_runs import settle
from tests.support.factories import (
    NOON,
    SECOND,
    code_job,
    make_definition,
    make_execution,
    make_node,
    statuses,
    store_job,
)
from tests.support.job_rows import row
from tests.support.people import client_of
from tests.support.scheduling import claim_until_idle

pytestmark = pytest.mark.django_db

KIND = "newapp.report"
MINUTE = timedelta(minutes=1)


def report(pk: int = 1, due: Any = NOON) -> str:
    """The row of a definition whose app isn't installed here."""
    job_id = f"{KIND}:{pk}"
    store_job(code_job(job_id, func=run_definition, args=(KIND, str(pk))), due=due)
    return job_id


def node_that_knows(*kinds: str, heartbeat: Any = NOON, **fields: Any) -> SchedulerNode:
    return make_node(heartbeat, version=__version__, kinds=[*known_kinds(), *kinds], **fields)


def neighbour(heartbeat: Any = NOON) -> SchedulerNode:
    """Another scheduler of the same release."""
    return node_that_knows(heartbeat=heartbeat)


# Kinds


def test_rows_of_a_kind_that_is_not_installed_are_left_and_take_nobody_s_place(
    store: DatabaseJobStore, caplog: pytest.LogCaptureFixture
) -> None:
    ids = [report(pk, NOON - MINUTE) for pk in range(9)]
    definition = make_definition()
    before = list(DjangoJob.objects.filter(id__in=ids).order_by("id").values())
    assert claim_until_idle(store) == [definition.job_id]
    assert list(DjangoJob.objects.filter(id__in=ids).order_by("id").values()) == before
    assert not ParkedJob.objects.exists()
    assert Execution.objects.count() == 1
    assert store.get_next_run_time() == NOON + MINUTE, "the loop doesn't spin"
    assert store.claiming.outage.reason == ""
    assert len(caplog.records) == 1
    assert "This scheduler doesn't know jobs of the kind “newapp.report”." in caplog.text


@pytest.mark.parametrize("trigger", [Trigger.MANUAL, Trigger.API, Trigger.RETRY])
def test_what_is_asked_of_such_a_job_waits(trigger: Trigger, store: DatabaseJobStore) -> None:
    job_id = report(due=None)
    asked = [make_execution(Status.QUEUED, job_id=job_id, trigger=trigger) for _ in range(5)]
    known = make_definition(due=NOON + MINUTE)
    make_execution(Status.QUEUED, job_id=known.job_id, scheduled_at=NOON)
    assert claim_until_idle(store) == [known.job_id]
    assert set(statuses(job_id)) == {"queued"}
    assert not Execution.objects.filter(pk__in=[each.pk for each in asked]).exclude(node="")
    assert store.get_next_run_time() == NOON + MINUTE


@pytest.mark.parametrize("told", [True, False])
def test_what_is_asked_of_one_without_a_row_is_left_to_who_knows_the_kind(
    told: bool, store: DatabaseJobStore
) -> None:
    if told:
        node_that_knows(KIND)
    make_execution(Status.QUEUED, job_id=f"{KIND}:7")
    assert claim_until_idle(store) == []
    assert statuses(f"{KIND}:7") == ["queued" if told else "cancelled"]
    assert store.get_next_run_time() is None


@pytest.mark.parametrize("told", [True, False])
def test_lost_runs_of_such_a_kind_are_settled_by_who_knows_it(told: bool) -> None:
    """Whether they are run again is said by their definitions."""
    if told:
        node_that_knows(KIND, state=State.STOPPED)
    make_execution(Status.RUNNING, job_id=f"{KIND}:7", node="gone:1:1")
    make_execution(Status.RUNNING, job_id="code", node="gone:1:1")
    make_execution(Status.QUEUED, job_id=f"{KIND}:8", node="gone:1:1")
    settle("gone:1:1", "It is gone.", NOON)
    assert statuses(f"{KIND}:7") == ["running" if told else "lost"]
    assert statuses("code") == ["lost"]
    assert Execution.objects.get(job_id=f"{KIND}:8").node == ""


def test_syncjobs_of_an_old_release_leaves_them(capsys: pytest.CaptureFixture[str]) -> None:
    job_id = report()
    parked = report(2, due=None)
    ParkedJob.objects.create(job_id=parked, error="The definition is gone", parked_at=NOON)
    before = list(DjangoJob.objects.order_by("id").values())
    call_command("syncjobs")
    assert list(DjangoJob.objects.order_by("id").values()) == before
    assert ParkedJob.objects.get().job_id == parked
    assert f"Jobs of kind {KIND} are left as they are" in capsys.readouterr().out
    assert look_again(NOON + MINUTE) == []
    assert row(job_id).next_run_time == NOON


def test_an_embedded_scheduler_that_removes_its_jobs_leaves_them(store: DatabaseJobStore) -> None:
    job_id = report()
    store_job(code_job("mine"))
    store_job(code_job("foreign"))
    DjangoJob.objects.filter(id="foreign").update(job_state=b"theirs")
    store.remove_all_jobs()
    assert set(DjangoJob.objects.values_list("id", flat=True)) == {job_id, "foreign"}


def test_what_an_old_scheduler_parked_is_mended_by_a_new_one_without_a_restart() -> None:
    definition = make_definition(due=None)
    DjangoJob.objects.update(next_run_time=None)
    ParkedJob.objects.create(
        job_id=definition.job_id,
        error="The definition of this job no longer exists. Run syncjobs.",
        parked_at=NOON,
    )
    assert look_again(NOON) == []
    assert len(look_again(NOON + MINUTE)) == 1
    assert row(definition.job_id).next_run_time == NOON + 2 * MINUTE
    assert not ParkedJob.objects.exists()


# What nobody knows


def status(capsys: pytest.CaptureFixture[str]) -> tuple[object, dict[str, Any]]:
    code: object = 0
    try:
        call_command("schedulerstatus", "--json")
    except SystemExit as ended:
        code = ended.code
    return code, json.loads(capsys.readouterr().out)


def banner(client: Client) -> str:
    cache.clear()
    return client.get("/admin/").content.decode()


BANNER = "No scheduler knows these kinds of job, so they don't run:</strong> newapp.report"


def test_a_kind_that_no_scheduler_knows_is_shown_as_broken(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with time_machine.travel(NOON, tick=False):
        report(due=NOON - MINUTE)
        old = neighbour()
        code, state = status(capsys)
        assert (code, state["unknown_kinds"], state["problems"]) == (3, [KIND], ["broken"])
        client = client_of("superuser")
        assert BANNER in banner(client)
        node_that_knows(KIND)
        assert status(capsys)[0] == 0
        assert BANNER not in banner(client)
        old.delete()
        assert status(capsys)[0] == 0


def test_a_new_definition_has_a_lease_s_time_to_find_its_scheduler(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with time_machine.travel(NOON, tick=False):
        report(due=NOON - SECOND)
        neighbour()
        assert status(capsys)[0] == 0


def test_so_is_a_kind_that_only_the_web_server_knows(capsys: pytest.CaptureFixture[str]) -> None:
    with time_machine.travel(NOON, tick=False):
        make_definition(due=NOON - MINUTE)
        make_node(NOON, kinds=["app.greeting"])
        assert status(capsys)[1]["unknown_kinds"] == ["countjobs.countjob"]


def test_a_scheduler_of_an_earlier_release_doesn_t_say_what_it_knows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with time_machine.travel(NOON, tick=False):
        report(due=NOON - MINUTE)
        make_node(NOON)
        assert status(capsys)[0] == 0


# Rows that a newer version wrote


def test_what_is_known_here_is_what_is_told() -> None:
    assert CountJob._meta.label_lower in known_kinds()
    assert "app.greeting" in known_kinds()
