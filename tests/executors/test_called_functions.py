"""Functions and commands are carried out where a definition says: in a thread, or a process."""

from __future__ import annotations

import json

import pytest
from pytest_django import Settings

from countjobs.history.run_outcome import Outcome
from countjobs.jobstores.claims import claim
from countjobs.models import CommandJob, FunctionJob
from countjobs.models.executions import Status
from tests.app import jobs
from tests.support.executing import outcome_of
from tests.support.factories import NOON, make_due, make_execution
from tests.support.process_executing import Pool
from tests.support.registering import NAME, mail, register

pytestmark = pytest.mark.django_db


@pytest.fixture
def own_commands(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """A command that needs no database, here and in the processes that are started."""
    settings.COUNTJOBS = {"COMMANDS": ["diffsettings"]}
    monkeypatch.setenv("TEST_COUNTJOBS", json.dumps(settings.COUNTJOBS))


def definitions() -> list[FunctionJob | CommandJob]:
    values = {"to": "you", "at": NOON, "tags": ["a", "b"]}
    return [
        FunctionJob.of(jobs.remind, name="remind", arguments=values),
        FunctionJob.of(jobs.remind_later, name="later", arguments={"to": "you"}),
        FunctionJob(name="alias", function="app.remind_soon", arguments={"to": "you"}),
        CommandJob(name="clean", command="diffsettings", arguments="--output unified"),
    ]


SAID = [
    "reminding you after 7 days, at 2026-03-04 12:00:00+00:00, with ['a', 'b']",
    "reminding you later",
    "reminding you later",
]


def check(outcomes: list[Outcome]) -> None:
    assert [(each.status, each.error) for each in outcomes] == [(Status.SUCCEEDED, "")] * 4
    said = [each.output.strip() for each in outcomes]
    assert said[:3] == SAID
    assert "+ ROOT_URLCONF = " in said[3]


@pytest.mark.usefixtures("own_commands")
def test_what_is_claimed_is_called_in_a_thread() -> None:
    outcomes = []
    for definition in definitions():
        definition.save()
        make_due(definition.job_id, NOON)
        (job,) = claim(NOON, limit=1, node="here:1:1", busy={}).jobs
        outcomes.append(outcome_of(job.runs[0].call))
    check(outcomes)


def test_a_requested_run_is_called_with_its_own_arguments() -> None:
    definition = FunctionJob.of(jobs.remind_later, name="later", arguments={"to": "you"})
    definition.save()
    changed = {"arguments": {"to": "them"}}
    make_execution(Status.QUEUED, job_id=definition.job_id, job_name="later", parameters=changed)
    (job,) = claim(NOON, limit=1, node="here:1:1", busy={}).jobs
    assert outcome_of(job.runs[0].call).output == "reminding them later\n"
    definition.refresh_from_db()
    assert definition.arguments == {"to": "you"}


def test_what_several_fire_times_run_is_called_each_time() -> None:
    definition = FunctionJob.of(jobs.remind_later, name="later", arguments={"to": "you"})
    definition.coalesce, definition.second, definition.max_instances = False, "*/20", 5
    definition.save()
    make_due(definition.job_id, NOON.replace(minute=0))
    (job,) = claim(NOON.replace(second=40), limit=1, node="here:1:1", busy={}).jobs
    assert [outcome_of(run.call).output for run in job.runs] == ["reminding you later\n"] * 3


@pytest.mark.process
@pytest.mark.usefixtures("own_commands")
def test_the_same_in_a_process(pool: Pool) -> None:
    check([pool.run(each.run) for each in definitions()])


@pytest.mark.process
@pytest.mark.usefixtures("isolated_registry")
def test_a_function_that_the_worker_lacks_fails_in_plain_words(pool: Pool) -> None:
    register(mail)
    outcome = pool.run(FunctionJob(name="mail", function=NAME).run)
    assert outcome.error.startswith(f"ValueError: There is no function “{NAME}” here.")
    assert outcome.status == Status.FAILED
