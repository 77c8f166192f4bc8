"""Issue 8, line 40: each person has one preview at a time, and the newest wins."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import pytest
from django.test import Client

from countjobs.admin.definitions.preview.one_at_a_time import NewestFirst
from countjobs.admin.definitions.preview.views import _previews
from tests.support.people import client_of, user_of
from tests.support.waiting import wait_until

PREVIEW = "/admin/countjobs/countjob/preview/"
LONG = 60.0


def taken(turns: NewestFirst, key: str, during: Callable[[], object] = bool) -> bool:
    with turns.turn(key, LONG) as is_on:
        if is_on:
            during()
        return is_on


def after(turns: NewestFirst, submit: Callable[..., Future[bool]], *call: object) -> Future[bool]:
    """One more that wants its turn; back when it has said so."""
    before = turns._newest.get("ann")
    submitted = submit(*call)
    wait_until(lambda: turns._newest.get("ann") is not before)
    return submitted


def test_while_one_has_its_turn_only_the_newest_of_the_others_waits() -> None:
    turns, has_begun, may_end = NewestFirst(), Event(), Event()
    with ThreadPoolExecutor(5) as pool:

        def hold() -> None:
            has_begun.set()
            assert may_end.wait(LONG)

        try:
            first = pool.submit(taken, turns, "ann", hold)
            assert has_begun.wait(LONG)
            waiting = [after(turns, pool.submit, taken, turns, "ann") for _ in range(3)]
            assert [each.result(LONG) for each in waiting[:2]] == [False, False]
            assert not waiting[2].done()
            assert taken(turns, "bob")
        finally:
            may_end.set()
        assert first.result(LONG)
        assert waiting[2].result(LONG)
    assert not turns._newest
    assert not turns._busy


def test_who_waits_too_long_is_told_so() -> None:
    turns = NewestFirst()
    with turns.turn("ann", 0) as first, turns.turn("ann", 0.01) as second:
        assert (first, second) == (True, False)
    assert taken(turns, "ann")


def test_a_turn_that_fails_is_over() -> None:
    turns = NewestFirst()
    with pytest.raises(RuntimeError), turns.turn("ann", 0):
        raise RuntimeError
    assert taken(turns, "ann")


@pytest.mark.django_db
def test_a_preview_that_is_overtaken_is_answered_with_429(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("countjobs.admin.definitions.preview.views._LONGEST_WAIT_SECONDS", 0.01)
    ann, bob = Client(), client_of("superuser")
    user = user_of("editor")
    ann.force_login(user)
    with _previews.turn(user.pk, 0):
        assert ann.post(PREVIEW, {"minute": "0"}).status_code == 429
        assert bob.post(PREVIEW, {"minute": "0"}).status_code == 200
    assert ann.post(PREVIEW, {"minute": "0"}).status_code == 200
