"""Sealed job state (rule 7): nothing is loaded that this installation didn't write for this row."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime
from functools import partial
from threading import Lock
from typing import Any

import pytest
from apscheduler.job import Job
from django_apscheduler.jobstores import DjangoJobStore
from django_apscheduler.models import DjangoJob
from pytest_django import Settings

from countjobs.jobstores.rows import job_of
from countjobs.jobstores.signing import UnreadableJobError, seal, unseal
from countjobs.models import CountJob
from countjobs.models.countjob import count_job

loaded: list[str] = []


class Bomb:
    """Its unpickling would be noticed."""

    def __reduce__(self) -> tuple[Any, ...]:
        return loaded.append, ("boom",)


def _job(pk: int = 1) -> Job:
    return job_of(CountJob(pk=pk, name="job"))


def _job_of_code(func: object = "tests.jobstores.test_signing:noop", **values: Any) -> Job:
    job = Job.__new__(Job)
    state = {**_job().__getstate__(), "args": (), "func": func, **values}
    job.__setstate__(state)
    return job


def noop() -> None:
    """A job's work."""


def test_what_was_sealed_is_unsealed() -> None:
    job = _job()
    restored = unseal(job.id, seal(job))
    assert restored.__getstate__()["args"] == job.args
    assert restored.trigger.__getstate__() == job.trigger.__getstate__()


@pytest.mark.parametrize("place", [0, 10, -40, -32, -1])
def test_one_changed_bit_anywhere_is_noticed(place: int) -> None:
    sealed = bytearray(seal(_job()))
    sealed[place] ^= 1
    with pytest.raises(UnreadableJobError, match="signature"):
        unseal(_job().id, bytes(sealed))


@pytest.mark.parametrize(
    "state",
    [
        b"",
        b"x" * 31,
        b"x" * 200,
        pickle.dumps(Bomb()),
        pickle.dumps(Bomb()) + b"\0" * 32,
        pickle.dumps({"version": 1}),
    ],
)
def test_what_was_not_sealed_here_is_never_loaded(state: bytes) -> None:
    loaded.clear()
    with pytest.raises(UnreadableJobError, match="signature"):
        unseal(_job().id, state)
    assert loaded == []


def test_the_state_of_another_row_is_not_this_row_s() -> None:
    one, two = _job(1), _job(2)
    with pytest.raises(UnreadableJobError, match="signature"):
        unseal(two.id, seal(one))


def test_another_installation_s_state_is_refused(settings: Settings) -> None:
    sealed = seal(_job())
    settings.SECRET_KEY = "another key"
    with pytest.raises(UnreadableJobError, match="SECRET_KEY has changed"):
        unseal(_job().id, sealed)


def test_a_rotated_key_still_reads_what_the_old_one_sealed(settings: Settings) -> None:
    sealed = seal(_job())
    settings.SECRET_KEY_FALLBACKS = ["older still", settings.SECRET_KEY]
    settings.SECRET_KEY = "a new key"
    assert unseal(_job().id, sealed).id == _job().id
    assert seal(_job()) != sealed


def test_a_function_that_can_t_be_imported_any_more_is_an_unreadable_job(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = _job_of_code()
    sealed = seal(job)
    monkeypatch.delattr("tests.jobstores.test_signing.noop")
    with pytest.raises(UnreadableJobError, match="noop"):
        unseal(job.id, sealed)


@pytest.mark.parametrize("changed", [{"version": 99}, {"func": "gone.module:func"}, {"func": "x"}])
def test_a_state_that_apscheduler_can_t_restore_is_an_unreadable_job(
    changed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = _job()
    state = {**job.__getstate__(), **changed}
    monkeypatch.setattr(Job, "__getstate__", lambda self: state)
    sealed = seal(job)
    with pytest.raises(UnreadableJobError):
        unseal(job.id, sealed)


@pytest.mark.parametrize("argument", [Lock(), lambda: None, (number for number in range(0))])
def test_what_can_t_be_pickled_is_a_value_error(argument: object) -> None:
    with pytest.raises(ValueError, match="can't be pickled"):
        seal(_job_of_code(args=(argument,)))


def test_a_callable_without_a_name_is_a_value_error() -> None:
    job = _job()
    job.func_ref = None
    job.func = partial(noop)
    with pytest.raises(ValueError, match="can't be"):
        seal(job)


@pytest.mark.django_db
def test_plain_django_apscheduler_can_still_read_a_sealed_row() -> None:
    next_run_time = datetime(2026, 11, 22, 10, tzinfo=UTC)
    job = _job_of_code(func="countjobs.models.countjob:count_job", args=({"one": "1"}, 3))
    DjangoJob.objects.create(id=job.id, next_run_time=next_run_time, job_state=seal(job))
    store = DjangoJobStore()
    store._scheduler = type("Scheduler", (), {"timezone": UTC})()
    restored = store._reconstitute_job(bytes(DjangoJob.objects.get().job_state))
    assert (restored.func, restored.args) == (count_job, ({"one": "1"}, 3))
