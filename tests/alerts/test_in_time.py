"""A bounded wait for a sender: those who only wait for their turn don't fail."""

from __future__ import annotations

import threading

from countjobs.alerts.sending.in_time import in_time


def test_who_finds_no_place_waits_for_one() -> None:
    """Eight channels may be sent to at once, and fewer places may be there."""
    room, first, done = threading.BoundedSemaphore(1), threading.Event(), []

    def work() -> None:
        first.set()
        done.append(threading.get_ident())

    room.acquire()
    other = threading.Thread(
        target=in_time, args=(work,), kwargs={"seconds": 30, "room": room, "what": "a", "late": "b"}
    )
    other.start()
    assert not first.wait(0.1)
    room.release()
    other.join(30)
    assert len(done) == 1
