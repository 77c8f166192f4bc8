"""Issue 8, line 1: a fault of a table is an outage: told, tried again, then caught up with.

The faults are real: a right that is taken away, a column that is gone or that this code doesn't
know, a trigger that refuses.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django_apscheduler.models import DjangoJob

from countjobs.history.recorder import Recorder
from countjobs.history.run_outcome import Outcome
from countjobs.jobstores import passed
from countjobs.jobstores.store import DatabaseJobStore
from countjobs.models import Execution, ParkedJob, SchedulerNode
from countjobs.models.executions import Status
from countjobs.schedulers.heartbeat import Heartbeat
from tests.app.models import Greeting
from tests.support.factories import (
    NOON,
    SECOND,
    code_job,
    make_definition,
    make_due,
    make_execution,
    statuses,
    store_job,
)
from tests.support.people import client_of
from tests.support.still_scheduler import Threads, make_scheduler, make_store
from tests.support.table_faults import EXECUTIONS, inserts_refused, refused, renamed, unknown_column
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

NODES = "countjobs_schedulernode"


FAULTS: dict[str, Callable[[], object]] = {
    "inserts are refused": inserts_refused,
    "a column is gone": lambda: renamed(EXECUTIONS, "folded"),
    "a column is not known": unknown_column,
    "a trigger refuses": lambda: refused("INSERT", EXECUTIONS),
    "rows can't be moved on": lambda: refused("UPDATE", "django_apscheduler_djangojob"),
}


@pytest.fixture
def store() -> DatabaseJobStore:
    return make_store(make_scheduler(), Threads(50))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("count", [1, 3, 30])
def test_a_table_s_fault_parks_no_job_and_is_caught_up_with(
    fault: str,
    count: int,
    store: DatabaseJobStore,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passed, "REFUSED_SECONDS", 0.05)
    definitions = [make_definition(f"count {number}") for number in range(count)]
    store_job(code_job("code"))
    asked = make_execution(Status.QUEUED)
    with FAULTS[fault]():  # type: ignore[attr-defined]
        for _ in range(3):
            assert [job.id for job in store.get_due_jobs(NOON)] in ([], ["code"])
        assert store.claiming.outage.reason
        assert not ParkedJob.objects.exists()
        assert DjangoJob.objects.filter(next_run_time=NOON).count() == count + 1
        again = store.get_next_run_time()
        assert again is None or again > NOON, "it waits before it tries again"
    told = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert 1 <= len(told) <= 2, "it is told, and not each time"
    claimed: set[str] = set()

    def is_caught_up() -> bool:
        claimed.update(job.id for job in store.get_due_jobs(NOON + 2 * SECOND))
        return not DjangoJob.objects.filter(next_run_time=NOON).exists()

    wait_until(is_caught_up)
    assert {each.job_id for each in definitions} <= claimed
    assert not store.claiming.outage.reason
    assert all(statuses(each.job_id) == ["queued"] for each in definitions)
    asked.refresh_from_db()
    assert asked.status in {Status.QUEUED, Status.SKIPPED}
    assert not ParkedJob.objects.exists()


def test_one_row_that_the_database_refuses_stops_no_other(
    store: DatabaseJobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passed, "REFUSED_SECONDS", 0.05)
    store_job(code_job("poison"), due=NOON - SECOND)
    definition = make_definition()
    with refused("INSERT", EXECUTIONS, "NEW.job_id = 'poison'"):
        assert [job.id for job in store.get_due_jobs(NOON)] == [definition.job_id]
        assert store.claiming.outage.reason
        make_due(definition.job_id, NOON + 60 * SECOND)
        claimed = store.get_due_jobs(NOON + 60 * SECOND)
        assert [job.id for job in claimed] in ([], [definition.job_id])
    wait_until(lambda: "poison" in [job.id for job in store.get_due_jobs(NOON)])
    assert not ParkedJob.objects.exists()


def test_a_kind_whose_table_is_at_fault_stops_no_other_kind(
    store: DatabaseJobStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(passed, "REFUSED_SECONDS", 0.05)
    greetings = [Greeting.objects.create(name=f"hello {n}", greeted="you") for n in range(20)]
    for each in greetings:
        make_due(each.job_id, NOON - SECOND)
    definition = make_definition()
    with renamed("app_greeting", "greeted"):
        assert [job.id for job in store.get_due_jobs(NOON)] == [definition.job_id]
        assert "greeted" in store.claiming.outage.reason
        assert "Jobs of the kind app.greeting can't be read now" in caplog.text
        assert not ParkedJob.objects.exists()
    claimed: set[str] = set()

    def is_caught_up() -> bool:
        claimed.update(job.id for job in store.get_due_jobs(NOON))
        return {each.job_id for each in greetings} <= claimed

    wait_until(is_caught_up)
    wait_until(lambda: store.get_due_jobs(NOON) == [] and not store.claiming.outage.reason)


def test_a_definition_that_can_t_be_made_is_parked_and_the_others_of_its_kind_run(
    store: DatabaseJobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, whole = make_definition("broken"), make_definition("whole")
    make = type(broken).from_db

    def fail(_kind: object, *args: Any, **options: Any) -> object:
        made = make(*args, **options)
        if made.name == "broken":
            raise ValueError("no such thing")
        return made

    monkeypatch.setattr(type(broken), "from_db", classmethod(fail))
    assert [job.id for job in store.get_due_jobs(NOON)] == [whole.job_id]
    assert ParkedJob.objects.get().job_id == broken.job_id
    assert "no such thing" in ParkedJob.objects.get().error


# What else writes


@pytest.mark.parametrize("count", [1, 20])
def test_outcomes_wait_for_their_table_with_all_that_runs_said(
    count: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("countjobs.history.recorder.RETRY_SECONDS", 0.01)
    recorder = Recorder()
    runs = [make_execution(Status.RUNNING) for _ in range(count)]
    with refused("UPDATE", EXECUTIONS):
        for each in runs:
            recorder.put(Outcome(Status.SUCCEEDED, each.pk, NOON, NOON, output="said"))
        recorder.start()
        wait_until(lambda: recorder.outage.reason)
        assert len(recorder.waiting()) == count
    wait_until(lambda: not recorder.waiting())
    recorder.stop(timeout=5)
    ended = Execution.objects.values_list("status", "output", "error").distinct()
    assert list(ended) == [("succeeded", "said", "")]
    assert not recorder.outage.reason
    assert len([each for each in caplog.records if each.levelno >= logging.WARNING]) == 1


def test_one_outcome_that_is_refused_waits_and_keeps_no_other_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("countjobs.history.recorder.RETRY_SECONDS", 0.01)
    recorder = Recorder()
    poison, *others = [make_execution(Status.RUNNING, job_id=f"job {n}") for n in range(3)]
    with refused("UPDATE", EXECUTIONS, "NEW.job_id = 'job 0'"):
        for each in (poison, *others):
            recorder.put(Outcome(Status.SUCCEEDED, each.pk, NOON, NOON, output="said"))
        recorder.start()
        wait_until(lambda: Execution.objects.filter(status="succeeded").count() == 2)
        wait_until(lambda: recorder.waiting() == {poison.pk})
    wait_until(lambda: Execution.objects.filter(status="succeeded", output="said").count() == 3)
    recorder.stop(timeout=5)


def test_a_heartbeat_is_written_while_only_the_executions_fail(
    caplog: pytest.LogCaptureFixture,
) -> None:
    heartbeat = Heartbeat(4)
    heartbeat.start(NOON)
    heartbeat._beaten_at = None
    with renamed(EXECUTIONS, "finished_at"):
        assert heartbeat.beat_if_due(NOON + SECOND)
        heartbeat.tell_cannot_claim("it \0 refuses")
    node = SchedulerNode.objects.get()
    assert (node.heartbeat, node.cannot_claim) == (NOON + SECOND, "it \\x00 refuses")
    assert "Runs of dead schedulers can't be marked as lost or given back now" in caplog.text
    heartbeat.tell_cannot_claim("")
    assert SchedulerNode.objects.get().cannot_claim == ""


@pytest.mark.parametrize(
    ("table", "column"), [(NODES, "cannot_claim"), ("countjobs_parkedjob", "error")]
)
def test_pages_are_shown_while_the_banner_s_tables_fail(table: str, column: str) -> None:
    client = client_of("superuser")
    with renamed(table, column):
        page = client.get("/admin/")
        assert page.status_code == 200
        assert (
            "Can't tell whether jobs run: the database reports an error." in page.content.decode()
        )
    assert "The database refuses" not in client.get("/admin/").content.decode()
