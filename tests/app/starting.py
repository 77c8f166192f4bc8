"""Jobs that start processes, as any Python program may."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import time

logger = logging.getLogger(__name__)


def speak(who: str) -> int:
    """What a child says in each way that there is."""
    print(f"{who} prints")
    print(f"{who} complains", file=sys.stderr)
    sys.stdout.buffer.write(f"{who} writes\n".encode())
    logging.getLogger("tests.support.child_processes").warning("%s logs", who)
    return os.getpid()


def sleep_long(_: object = None) -> None:
    time.sleep(600)


def start_children(method: str) -> None:
    """A process that speaks, one that is terminated, and a pool that is."""
    context = multiprocessing.get_context(method)
    print(f"{method}: before")
    child = context.Process(target=speak, args=(method,))  # type: ignore[attr-defined]
    child.start()
    child.join()
    assert child.exitcode == 0, child.exitcode

    sleeper = context.Process(target=sleep_long)  # type: ignore[attr-defined]
    sleeper.start()
    sleeper.terminate()
    sleeper.join(60)
    assert sleeper.exitcode == -signal.SIGTERM, sleeper.exitcode

    with context.Pool(2) as pool:
        assert pool.map(abs, range(-3, 3)) == [3, 2, 1, 0, 1, 2]
        pool.map_async(sleep_long, range(2))
        # Leaving terminates the pool.
    print(f"{method}: all ended")


def fork_by_hand() -> None:
    """A child with `os.fork` that speaks and leaves."""
    print("fork by hand: before")
    pid = os.fork()
    if pid == 0:
        speak("by hand")
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    print("fork by hand: after")


def run_command() -> None:
    """A command whose output goes where ours goes."""
    subprocess.run([sys.executable, "-c", "print('a command prints')"], check=True)
    subprocess.run(
        [sys.executable, "-c", "print('into our stdout')"], check=True, stdout=sys.stdout
    )
