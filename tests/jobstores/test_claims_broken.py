"""Broken jobs: each is set aside with the error, nothing is deleted, and the others run."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django_apscheduler.models import DjangoJob

from countjobs.jobstores.claims import Claims, claim
from countjobs.jobstores.signing import seal
from countjobs.jobstores.sync import sync
from countjobs.models import Execution, ParkedJob
from tests.support.factories import NOON, code_job, make_definition, store_job
from tests.support.job_rows import _sealed, tampered, unimportable, unsigned

pytestmark = pytest.mark.django_db


def claim_all() -> Claims:
    return claim(NOON, limit=100, node="here:1:1", busy={})


def write_state(job_id: str, state: bytes) -> None:
    DjangoJob.objects.filter(id=job_id).update(job_state=state)


def of_another_row() -> bytes:
    return seal(code_job("another"))


def without_its_function() -> bytes:
    return _sealed(func="tests.support.factories:no_such_function")


def for_an_executor_that_is_not_there() -> bytes:
    return _sealed(executor="elsewhere")


FOREIGN = [lambda: b"", lambda: b"no pickle", unsigned, tampered, of_another_row]
BROKEN = [
    (unimportable, "could not import module"),
    (without_its_function, "no_such_function"),
    (for_an_executor_that_is_not_there, "There is no executor “elsewhere”."),
]


@pytest.mark.parametrize(("state", "error"), BROKEN)
def test_promise_02_a_job_that_can_not_be_restored_is_parked_and_the_others_run(
    state: Callable[[], bytes], error: str
) -> None:
    store_job(code_job("broken"))
    write_state("broken", state())
    store_job(code_job("sound"))
    definition = make_definition()
    claims = claim_all()
    assert {job.id for job in claims.jobs} == {"sound", definition.job_id}
    assert [parked.job_id for parked in claims.parked] == ["broken"]
    row = DjangoJob.objects.get(id="broken")
    assert (row.next_run_time, bytes(row.job_state)) == (None, state())
    assert error in ParkedJob.objects.get().error
    assert not Execution.objects.filter(job_id="broken").exists()


@pytest.mark.parametrize("state", FOREIGN)
def test_promise_02_a_row_that_something_else_wrote_is_left_as_it_is_and_the_others_run(
    state: Callable[[], bytes],
) -> None:
    """Issue 8, line 3."""
    store_job(code_job("foreign"))
    write_state("foreign", state())
    store_job(code_job("sound"))
    definition = make_definition()
    claims = claim_all()
    assert {job.id for job in claims.jobs} == {"sound", definition.job_id}
    assert [(strange.job_id, strange.is_foreign) for strange in claims.strange] == [
        ("foreign", True)
    ]
    row = DjangoJob.objects.get(id="foreign")
    assert (row.next_run_time, bytes(row.job_state)) == (NOON, state())
    assert sync(NOON) == []
    assert DjangoJob.objects.get(id="foreign").next_run_time == NOON
    assert not ParkedJob.objects.exists()
    assert not Execution.objects.filter(job_id="foreign").exists()


def test_a_row_whose_definition_is_gone_is_parked() -> None:
    definition = make_definition()
    with connection.cursor() as cursor:  # behind the app's back
        cursor.execute("DELETE FROM countjobs_countjob")
    assert claim_all().jobs == []
    assert ParkedJob.objects.get().error == (
        "The definition of this job no longer exists. Run syncjobs."
    )
    assert DjangoJob.objects.get(id=definition.job_id).next_run_time is None


def test_no_unsigned_pickle_is_ever_loaded(capsys: pytest.CaptureFixture[str]) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
            return print, ("boom",)

    store_job(code_job("broken"))
    write_state("broken", pickle.dumps(Bomb()))
    claim_all()
    sync(NOON)
    assert capsys.readouterr().out == ""


def test_a_module_that_ends_python_when_imported_does_not_end_the_scheduler(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "ends_python.py").write_text("raise SystemExit(0)")
    monkeypatch.syspath_prepend(tmp_path)
    store_job(code_job("broken"))
    write_state("broken", _sealed(func="ends_python:main"))
    claim_all()
    assert "SystemExit: 0" in ParkedJob.objects.get().error
