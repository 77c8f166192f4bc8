"""Issue 13, line 3: whoever asks, and however often, the database is asked once a second."""

from __future__ import annotations

import threading

import pytest

from countjobs.endpoints import kept_answers
from countjobs.endpoints.kept_answers import Kept


def test_an_answer_is_kept_for_a_moment() -> None:
    numbers = iter(range(10))
    kept = Kept(lambda: next(numbers), lambda: -1, 60)
    assert [kept(), kept()] == [0, 0]
    kept.forget()
    assert kept() == 1
    passing = Kept(lambda: next(numbers), lambda: -1, 0)
    assert [passing(), passing()] == [2, 3]


def test_what_is_raised_is_not_kept() -> None:
    def fail() -> int:
        raise ValueError("gone")

    kept = Kept(fail, lambda: -1)
    for _ in range(2):
        with pytest.raises(ValueError, match="gone"):
            kept()


def test_while_one_waits_for_a_database_that_hangs_others_are_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise probes would take all threads, and nobody could ask whether the scheduler lives."""
    monkeypatch.setattr(kept_answers, "PATIENCE_SECONDS", 0.05)
    asked, goes_on = threading.Event(), threading.Event()

    def hang() -> str:
        asked.set()
        assert goes_on.wait(30)
        return "answer"

    kept = Kept(hang, lambda: "late")
    first = threading.Thread(target=kept)
    first.start()
    try:
        assert asked.wait(30)
        assert kept() == "late"
    finally:
        goes_on.set()
        first.join(30)
    assert kept() == "answer"
