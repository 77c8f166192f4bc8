"""Issue 8, line 2: rows that a newer version wrote, or that nobody here can restore."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django_apscheduler.models import DjangoJob

from countjobs import __version__
from countjobs.jobstores import signing
from countjobs.jobstores.neighbours import known_kinds
from countjobs.jobstores.store import DatabaseJobStore
from countjobs.jobstores.sync import sync
from countjobs.models import Execution, ParkedJob, SchedulerNode
from tests.support.factories import (
    NOON,
    SECOND,
    code_job,
    make_definition,
    make_node,
    statuses,
    store_job,
    work,
)
from tests.support.job_rows import row
from tests.support.scheduling import claim_until_idle
from tests.support.still_scheduler import NODE, Threads

pytestmark = pytest.mark.django_db


MINUTE = timedelta(minutes=1)


def neighbour() -> SchedulerNode:
    """Another scheduler of the same release."""
    return make_node(NOON, version=__version__, kinds=known_kinds())


def newer(job_id: str, **more: Any) -> None:
    """Write into a row's state what only a newer version knows."""
    state = signing.unseal(job_id, bytes(row(job_id).job_state)).__getstate__()

    class Newer:
        id = job_id

        def __getstate__(self) -> dict[str, Any]:
            return {**state, **(more or {"overlap": "wait"})}

    DjangoJob.objects.filter(id=job_id).update(job_state=signing.seal(Newer()))


@pytest.mark.parametrize("more", [{"overlap": "wait"}, {"version": 2}, {"executor": "newer"}])
def test_a_definition_s_row_of_another_version_is_left_while_that_runs(
    more: dict[str, Any], store: DatabaseJobStore
) -> None:
    definition = make_definition(due=NOON - MINUTE)
    newer(definition.job_id, **more)
    before = DjangoJob.objects.values().get()
    with time_machine.travel(NOON, tick=False):
        other = make_node(NOON, version="9")
        assert claim_until_idle(store) == []
        assert sync(NOON) == []
        assert DjangoJob.objects.values().get() == before
        assert not ParkedJob.objects.exists()
    other.delete()
    store.claiming.passed.forget(definition.job_id)
    assert claim_until_idle(store) == [definition.job_id], "the definition says what is to be run"
    assert signing.unseal(definition.job_id, bytes(row(definition.job_id).job_state))
    assert row(definition.job_id).next_run_time == NOON + MINUTE
    assert statuses(definition.job_id) == ["queued"]


def test_a_definition_s_row_with_a_wrong_signature_is_run_and_written_anew(
    store: DatabaseJobStore,
) -> None:
    """Issue 8, line 3: a plain scheduler writes states without one."""
    definition = make_definition(due=NOON - MINUTE)
    make_node(NOON, version="9")
    DjangoJob.objects.update(job_state=b"theirs")
    assert claim_until_idle(store) == [definition.job_id]
    assert signing.is_sealed(definition.job_id, bytes(row(definition.job_id).job_state))
    assert Execution.objects.get().folded == 1
    assert not ParkedJob.objects.exists()


def unimportable(due: Any) -> None:
    store_job(code_job("code"), due=due)
    newer("code", func="tests.no_such_module:work")


def test_a_job_from_code_that_can_t_be_restored_is_left_to_others_for_a_lease(
    store: DatabaseJobStore,
) -> None:
    neighbour()
    unimportable(NOON - SECOND)
    store_job(code_job("sound"))
    assert claim_until_idle(store) == ["sound"]
    assert row("code").next_run_time == NOON - SECOND
    assert sync(NOON) == []
    assert not ParkedJob.objects.exists()


def test_one_that_nobody_took_for_a_lease_is_parked(store: DatabaseJobStore) -> None:
    neighbour()
    unimportable(NOON - MINUTE)
    assert claim_until_idle(store) == []
    assert ParkedJob.objects.get().job_id == "code"
    assert row("code").next_run_time is None


def test_one_is_parked_at_once_where_no_other_scheduler_lives(store: DatabaseJobStore) -> None:
    SchedulerNode.objects.create(
        host=NODE.split(":", maxsplit=1)[0],
        pid=1,
        version="1",
        started=NOON,
        heartbeat=NOON - MINUTE,
        capacity=1,
    )
    unimportable(NOON)
    assert claim_until_idle(store) == []
    assert ParkedJob.objects.get().job_id == "code"


def test_a_job_that_was_stored_anew_is_claimed_at_once(
    store: DatabaseJobStore, threads: Threads
) -> None:
    store_job(code_job("code"))
    DjangoJob.objects.update(job_state=b"theirs")
    assert claim_until_idle(store) == []
    store.remove_job("code")
    store.add_job(code_job("code", func=work))
    assert claim_until_idle(store) == ["code"]
