"""Worker threads: few where they keep up, as many as are wanted behind long work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from countjobs.executors import workers as module
from countjobs.executors.workers import Workers
from tests.support.waiting import wait_until

Work = Callable[[], object]


def _call(work: Work) -> None:
    work()


@pytest.fixture
def workers() -> Iterator[Workers[Work]]:
    workers: Workers[Work] = Workers(3, _call, "tests-worker")
    yield workers
    workers.end()
    wait_until(lambda: not _alive(), 10)


def _alive() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("tests-worker")]


def test_short_work_is_done_in_its_order_by_one_thread(workers: Workers[Work]) -> None:
    done: list[tuple[int, str]] = []
    together = threading.Event()

    def first() -> None:
        assert together.wait(60)  # so that the others are there before it ends

    def note(number: int) -> Work:
        return lambda: done.append((number, threading.current_thread().name))

    workers.hand_over([first, *(note(number) for number in range(50))])
    together.set()
    wait_until(lambda: len(done) == 50, 10)
    assert [number for number, _ in done[:10]] == sorted(number for number, _ in done[:10])


def test_work_behind_long_work_gets_a_thread(workers: Workers[Work]) -> None:
    gates = [threading.Event() for _ in range(3)]
    reached = [threading.Event() for _ in range(3)]

    def long(number: int) -> None:
        reached[number].set()
        gates[number].wait(60)

    workers.hand_over([partial(long, number) for number in range(3)])
    assert all(each.wait(60) for each in reached)
    for gate in gates:
        gate.set()


def test_threads_that_only_compete_for_the_processor_go_to_rest(
    workers: Workers[Work], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_SHARE", 0.0)
    gate, reached, done = threading.Event(), threading.Semaphore(0), set[str]()

    def long() -> None:
        reached.release()
        assert gate.wait(60)

    workers.hand_over([long] * 3)
    assert all(reached.acquire(timeout=60) for _ in range(3))  # all of them work
    last = threading.Event()
    workers.hand_over([*[lambda: done.add(threading.current_thread().name)] * 500, last.set])
    gate.set()
    assert last.wait(60)
    assert done


def test_there_are_never_more_threads_than_wanted(workers: Workers[Work]) -> None:
    gate = threading.Event()
    started = threading.Semaphore(0)

    def long() -> None:
        started.release()
        gate.wait(60)

    workers.hand_over([long] * 10)
    assert all(started.acquire(timeout=60) for _ in range(3))
    assert not started.acquire(timeout=0.05)
    gate.set()
    assert all(started.acquire(timeout=60) for _ in range(7))


def test_a_thread_that_rests_is_called_again(workers: Workers[Work]) -> None:
    for _ in range(20):
        done = threading.Event()
        workers.hand_over([done.set])
        assert done.wait(60)


def test_what_was_handed_over_is_done_before_the_end(workers: Workers[Work]) -> None:
    done: list[int] = []
    workers.hand_over([partial(done.append, number) for number in range(5)])
    workers.end()
    wait_until(lambda: not _alive(), 10)
    assert sorted(done) == list(range(5))


def test_threads_that_were_never_wanted_never_start() -> None:
    Workers(3, _call, "tests-worker").end()
    assert _alive() == []
