"""Jobs that fork, in all the ways that Python has. They note in a file what they have done."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from django.db import connection, connections, transaction

from countjobs.models import Execution


def note(file: str, text: str) -> None:
    """Add a line to a file: at once, so that those of several processes don't mix."""
    with Path(file).open("a") as notes:
        notes.write(f"{text}\n")


def _fail() -> None:
    raise ValueError("in the child")


def _ask_and_close() -> None:
    Execution.objects.count()
    connections.close_all()


def _close_first() -> None:
    connections.close_all()
    Execution.objects.count()


def _fork_again() -> None:
    """As daemons do: the child ends, and its own child goes on."""
    if os.fork():
        os._exit(0)
    os.setsid()


ASKS = int(connection.vendor == "sqlite")
"""The exit status of a child that asks the database: SQLite's can't be used there."""

ENDS: dict[str, tuple[Callable[[], object], int]] = {
    "return": (lambda: None, 0),
    "sys.exit": (sys.exit, 0),
    "sys.exit(3)": (lambda: sys.exit(3), 3),
    "sys.exit(text)": (lambda: sys.exit("leaving"), 1),
    "raise": (_fail, 1),
    "os._exit": (lambda: os._exit(4), 4),
    "ask and close": (_ask_and_close, ASKS),
    "close first": (_close_first, ASKS),
    "fresh": (_ask_and_close, ASKS),
    "daemon": (_fork_again, 0),
}
"""What a child does, and the exit status that its parent sees."""


def fork(file: str, how: str) -> None:
    """Fork a child that ends in one of these ways. The parent uses the database around it."""
    if how != "fresh":
        Execution.objects.count()
    child = os.fork()
    if not child:
        note(file, f"child {how}")
        ENDS[how][0]()
        return
    _, status = os.waitpid(child, 0)
    Execution.objects.count()
    note(file, f"parent {how} {os.waitstatus_to_exitcode(status)}")


def fork_in_a_transaction(file: str) -> None:
    """Fork inside of `atomic`, whose end the child meets, too."""
    with transaction.atomic(), transaction.atomic():
        Execution.objects.count()
        child = os.fork()
        if child:
            _, status = os.waitpid(child, 0)
            Execution.objects.count()
            note(file, f"parent transaction {os.waitstatus_to_exitcode(status)}")


def fork_in_a_thread(file: str) -> None:
    """Fork in a thread of the job's own."""

    def target() -> None:
        child = os.fork()
        if child:
            _, status = os.waitpid(child, 0)
            note(file, f"parent thread {os.waitstatus_to_exitcode(status)}")

    thread = threading.Thread(target=target)
    thread.start()
    thread.join()


def fork_processes(file: str) -> None:
    """`multiprocessing`, whose children are forked, and use the database."""
    Execution.objects.count()
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_ask_and_close) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    Execution.objects.count()
    note(file, f"parent multiprocessing {max(process.exitcode or 0 for process in processes)}")


async def fork_async(file: str) -> None:
    """Fork in a coroutine."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        note(file, f"parent async {os.waitstatus_to_exitcode(status)}")
    else:
        sys.exit(3)


def start_programs(file: str) -> None:
    """`subprocess`, and what it is made of."""
    status = subprocess.run([sys.executable, "-c", "pass"], check=False).returncode
    child = os.posix_spawn(sys.executable, [sys.executable, "-c", "pass"], os.environ)
    _, spawned = os.waitpid(child, 0)
    note(file, f"parent programs {status or os.waitstatus_to_exitcode(spawned)}")
