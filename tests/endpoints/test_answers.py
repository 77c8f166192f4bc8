"""Issue 13, line 3: whether a scheduler lives, and whether it is ready."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from countjobs.api import create_scheduler
from countjobs.endpoints import answers, kept_answers
from countjobs.endpoints.answers import PATIENCE_SECONDS, Answer, Answers
from countjobs.models.executions import Status
from countjobs.schedulers.loop import BackgroundScheduler
from tests.support.factories import make_definition, make_execution

pytestmark = pytest.mark.django_db


@pytest.fixture
def scheduler() -> BackgroundScheduler:
    """One that has written its heartbeat, and runs nothing."""
    made = create_scheduler(background=True, threads=1)
    made.heartbeat.start(timezone.now())
    return made


@pytest.fixture
def asked(scheduler: BackgroundScheduler) -> Answers:
    return Answers(scheduler)


@pytest.fixture(autouse=True)
def _each_answer_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        answers, "Kept", lambda find_out, late: kept_answers.Kept(find_out, late, 0)
    )


def status_of(asked: Answers, path: str) -> int:
    answer = asked.answer(path, "")
    assert answer is not None
    return answer.status


def test_it_lives_without_asking_the_database(asked: Answers) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert asked.answer("/live", "") == Answer(200, b"ok\n")
    assert len(queries) == 0


def test_a_loop_that_is_stuck_doesn_t_live(scheduler: BackgroundScheduler, asked: Answers) -> None:
    scheduler.turned_at -= 15 + PATIENCE_SECONDS - 5
    assert status_of(asked, "/live") == 200
    scheduler.turned_at -= 10
    assert asked.answer("/live", "") == Answer(503, b"The scheduler's loop doesn't go on.\n")


def test_each_turn_of_the_loop_counts_even_if_the_database_is_away(
    scheduler: BackgroundScheduler, asked: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(now: Any) -> bool:
        raise OperationalError("away")

    monkeypatch.setattr(scheduler.heartbeat, "beat_if_due", away)
    monkeypatch.setattr(scheduler.outage, "goes_on", lambda *args: None)
    scheduler.turned_at -= 100
    scheduler._process_jobs()
    assert status_of(asked, "/live") == 200


def test_it_is_ready(asked: Answers) -> None:
    assert asked.answer("/ready", "") == Answer(200, b"ok\n")


def test_while_it_drains_it_lives_and_isn_t_ready(
    scheduler: BackgroundScheduler, asked: Answers
) -> None:
    scheduler.store.is_open = False
    assert status_of(asked, "/live") == 200
    assert asked.answer("/ready", "") == Answer(503, b"The scheduler is stopping.\n")


def test_where_all_threads_hang_it_isn_t_ready_and_names_nothing(
    scheduler: BackgroundScheduler, asked: Answers
) -> None:
    long_ago = timezone.now() - timedelta(minutes=10)
    make_definition("secret", due=long_ago)
    make_execution(
        Status.RUNNING,
        node=scheduler.heartbeat.name,
        started_at=long_ago,
        job_name="secret",
    )
    answer = asked.answer("/ready", "")
    assert answer is not None
    assert answer.status == 503
    assert b"secret" not in answer.body
    assert status_of(asked, "/live") == 200


@pytest.fixture
def _database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: Any) -> str:
        raise OperationalError('connection to "db.secret" as "user" failed')

    monkeypatch.setattr(answers, "why_it_does_not_work", away)
    monkeypatch.setattr(answers, "try_twice", lambda step: step())


@pytest.mark.usefixtures("_database_is_away")
def test_without_the_database_it_isn_t_ready(asked: Answers) -> None:
    assert asked.answer("/ready", "") == Answer(503, b"The database can't be used.\n")
    assert status_of(asked, "/live") == 200


def test_many_who_ask_cost_one_look(
    scheduler: BackgroundScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "Kept", kept_answers.Kept)
    asked = Answers(scheduler)
    with CaptureQueriesContext(connection) as queries:
        for _ in range(20):
            assert status_of(asked, "/ready") == 200
    assert len(queries) <= 2


def test_apps_add_paths(
    scheduler: BackgroundScheduler, asked: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "_more", {})
    assert asked.answer("/mine", "") is None
    begun: list[object] = []
    answers.register(
        "/mine", lambda scheduler, accept: Answer(200, accept.encode(), "text/x"), begun.append
    )
    asked = Answers(scheduler)
    assert begun == [scheduler]
    assert asked.answer("/mine", "this") == Answer(200, b"this", "text/x")
    assert asked.paths == ["/live", "/ready", "/mine"]


def test_a_path_that_fails_tells_nothing(
    asked: Answers, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(scheduler: object, accept: str) -> Answer:
        raise RuntimeError("secret")

    monkeypatch.setattr(answers, "_more", {})
    answers.register("/mine", fail)
    answer = asked.answer("/mine", "")
    assert answer is not None
    assert answer.status == 503
    assert b"secret" not in answer.body
    assert "can't be answered" in caplog.text
