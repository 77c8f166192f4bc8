"""Holding all jobs, and releasing them: who, why, and only once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from countjobs.api import hold_jobs, release_jobs
from countjobs.history.holding import current_hold, held_since, hold, release
from countjobs.models import Hold

pytestmark = pytest.mark.django_db


def test_a_hold_says_why_who_and_since_when() -> None:
    before = timezone.now()
    assert hold("  upgrade\r\nof the database ", "ann")
    found = current_hold()
    assert found is not None
    assert (found.reason, found.held_by) == ("upgrade\nof the database", "ann")
    assert before <= found.held_at <= timezone.now()
    assert held_since() == found.held_at


def test_without_one_there_is_nothing_to_tell() -> None:
    assert (current_hold(), held_since()) == (None, None)


def test_the_first_hold_stays() -> None:
    assert hold("first", "ann")
    assert not hold("second", "bob")
    found = current_hold()
    assert found is not None
    assert (found.reason, found.held_by) == ("first", "ann")


def test_what_is_released_once_is_released() -> None:
    hold("upgrade")
    assert release()
    assert not release()
    assert current_hold() is None


def test_only_the_hold_that_was_meant_is_released() -> None:
    hold("upgrade")
    since = held_since()
    assert since is not None
    assert not release(held_at=since - timedelta(seconds=1))
    assert release(held_at=since)


def test_the_database_keeps_one_hold_at_most() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Hold.objects.create(pk=2, reason="second", held_at=timezone.now())


@pytest.mark.parametrize("reason", ["", " \n", "x" * 2_001, "a\0b", "\ud800"])
def test_a_reason_that_can_not_be_stored_is_refused(reason: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        hold(reason)
    assert current_hold() is None


@pytest.mark.parametrize("name", ["x" * 256, "a\0b"])
def test_so_is_such_a_name(name: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        hold("upgrade", name)


def test_the_longest_reason_is_kept_whole() -> None:
    hold("x" * 2_000)
    assert len(Hold.objects.get().reason) == 2_000


def test_both_are_logged_each_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    hold("up\ngrade", "ann\n")
    release("bob")
    release("bob")
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [
        "All jobs are held by ann\\n: up\\ngrade",
        "All jobs are released by bob.",
    ]


def test_both_are_part_of_the_api() -> None:
    assert hold_jobs("upgrade", by="ann")
    assert release_jobs(by="ann")


def test_within_a_transaction_claims_are_waited_for_after_its_commit(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waited: list[bool] = []

    def wait(*args: object) -> bool:
        waited.append(True)
        return True

    monkeypatch.setattr("countjobs.history.holding.wait_for_lock_holders", wait)
    with django_capture_on_commit_callbacks(execute=True):
        hold("upgrade")
        assert not waited
    assert waited


def test_releasing_wakes_schedulers() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("Only PostgreSQL sends notifications.")
    hold("upgrade")
    sent: list[str] = []

    def note(execute: object, sql: str, *args: object) -> object:
        sent.append(sql)
        return execute(sql, *args)  # type: ignore[operator]  # Django's own

    with connection.execute_wrapper(note):
        release()
    assert any("pg_notify" in sql for sql in sent)
