"""Issue 8, line 7: a forked child has nothing of ours: no handlers, no texts, no locks."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from countjobs.executors import current_run
from countjobs.executors import output as outputs
from countjobs.executors.output import capturing
from countjobs.management.stopping import SIGNALS, StopSignals
from countjobs.management.streams import batched_streams
from tests.support.executing import captured

CAP = 1_000


@contextmanager
def on(path: Path) -> Iterator[None]:
    """Both streams on a file, as `runscheduler` has them. Pytest's own come back."""
    before = sys.stdout, sys.stderr
    with path.open("w") as file:
        sys.stdout = sys.stderr = file
        try:
            with batched_streams(), capturing():
                yield
        finally:
            sys.stdout, sys.stderr = before


def in_child(work: Callable[[], object]) -> int:
    """Fork, work in the child, and give its exit status: 0 where the work returns true."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12: there are threads
        pid = os.fork()
    if pid == 0:
        status = 1
        try:
            status = 0 if work() else 2
            sys.stdout.flush()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_what_it_prints_is_on_the_terminal_and_not_in_the_runs_output(tmp_path: Path) -> None:
    def speak() -> bool:
        print("the child prints")
        return True

    with on(tmp_path / "terminal"), captured(CAP) as output:
        print("before")
        kept = sys.stdout
        assert in_child(speak) == 0
        assert in_child(lambda: kept.write("by a stream that was kept\n")) == 0
        print("after")
    assert output.value() == "before\nafter\n"
    said = (tmp_path / "terminal").read_text().splitlines()
    assert sorted(said) == ["after", "before", "by a stream that was kept", "the child prints"]
    assert said[0] == "before", "what was said before the fork comes first, and once"


def test_its_streams_are_the_process_own(tmp_path: Path) -> None:
    with on(tmp_path / "terminal"), captured(CAP):
        assert in_child(lambda: type(sys.stdout).__name__ == "TextIOWrapper") == 0


def test_it_knows_which_run_it_is_part_of() -> None:
    with captured(CAP):
        assert in_child(lambda: current_run() is not None) == 0
    assert in_child(lambda: current_run() is None) == 0


def test_it_writes_though_another_thread_was_writing(tmp_path: Path) -> None:
    stop = threading.Event()

    def write_on() -> None:
        while not stop.wait(0.0001):
            print("other", flush=True)

    def speak() -> bool:
        print("child", flush=True)
        logging.getLogger("tests.forked").warning("child")
        return True

    other = threading.Thread(target=write_on)
    with on(tmp_path / "terminal"), captured(CAP):
        other.start()
        statuses = [in_child(speak) for _ in range(20)]
        stop.set()
        other.join()
    assert statuses == [0] * 20
    assert (tmp_path / "terminal").read_text().splitlines().count("child") >= 20


def test_a_lock_that_another_thread_holds_is_free_in_it() -> None:
    with capturing(), outputs.Capture._lock:
        with_lock = in_child(lambda: outputs.Capture._lock.acquire(timeout=0))
    assert with_lock == 0


def test_its_signals_do_what_they_did_before() -> None:
    before = {each: signal.getsignal(each) for each in SIGNALS}

    def as_before() -> bool:
        return {each: signal.getsignal(each) for each in SIGNALS} == before

    StopSignals()
    assert not as_before()
    statuses = [in_child(as_before)]
    thread = threading.Thread(target=lambda: statuses.append(in_child(as_before)))
    thread.start()
    thread.join()
    assert not as_before(), "the parent still hears them"
    assert statuses == [0, 0], "wherever it forks"


def test_a_signal_ends_it() -> None:
    StopSignals()
    assert in_child(lambda: signal.raise_signal(signal.SIGTERM)) == -signal.SIGTERM


def test_a_signal_that_comes_at_once_ends_it_too() -> None:
    """Whoever starts a child may end it before that has run a line."""
    read, write = os.pipe()
    try:
        StopSignals()
        statuses = []
        for _ in range(50):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                pid = os.fork()
            if pid == 0:
                os.close(write)
                os.read(read, 1)  # until the test is over
                os._exit(0)
            os.kill(pid, signal.SIGTERM)
            statuses.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    finally:
        os.close(write)
        os.close(read)
    assert statuses == [-signal.SIGTERM] * 50
