"""Jobs that are hard to end, or that end the process which they are in."""

from __future__ import annotations

import asyncio
import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from django.db import transaction

from countjobs.api import current_run
from countjobs.models import Execution
from tests.app import starting
from tests.support.waiting import wait_until


def sleep_long() -> None:
    print("sleeping")
    time.sleep(600)


def loop_in_python() -> None:
    print("looping")
    while True:
        pass


def loop_in_c() -> None:
    """Without letting go of the interpreter."""
    print("looping in C")
    sum(range(10**15))


def ignore_sigterm() -> None:
    print("ignoring")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(600)


def swallow_the_stop() -> None:
    """As a job may do by mistake."""
    print("swallowing")
    while True:
        try:
            time.sleep(600)
        except BaseException:  # that is what is wrong with it
            print("swallowed")


def suspend_itself() -> None:
    print("suspending")
    os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(600)


def wait_for_program() -> None:
    print("waiting")
    subprocess.run([sys.executable, "-c", "import time; time.sleep(600)"], check=True)


def end_well_nevertheless() -> None:
    print("working")
    try:
        time.sleep(600)
    except BaseException:  # it has nothing left to do
        print("all done")


def segfault() -> None:
    print("ending")
    ctypes.string_at(0)


def exit_at_once(status: int) -> None:
    print("ending")
    os._exit(status)


def kill_itself() -> None:
    """As the kernel does when memory runs out."""
    print("ending")
    os.kill(os.getpid(), signal.SIGKILL)


def print_much(megabytes: int) -> None:
    line = "x" * 99
    for _ in range(megabytes * 10_000):
        print(line)
    print("printed")


def take_memory(megabytes: int) -> None:
    """So much that is really used, and then more time than there is."""
    print("taking")
    taken = bytearray(megabytes * 1024 * 1024)
    taken[::4096] = b"x" * len(taken[::4096])
    print("taken")
    time.sleep(600)


async def sleep_async() -> None:
    print("sleeping")
    try:
        await asyncio.sleep(600)
    finally:
        print("tidied up")


def count_rows() -> None:
    """On a connection of the worker's own."""
    with transaction.atomic():
        print("rows:", Execution.objects.count())


async def count_rows_async() -> None:
    print("rows:", await Execution.objects.acount())


def tidy_up() -> None:
    """End in order when it is told to stop."""
    print("working")
    try:
        time.sleep(600)
    finally:
        print("tidied up")


def look() -> None:
    """Look now and then whether it is to stop."""
    print("looking")
    run = current_run()
    while run is not None and not run.should_stop:
        with_patience = 0.05
        time.sleep(with_patience)


def start_children() -> None:
    """Children in all the ways that there are, which outlive their parent, if nobody ends them."""
    _start_children()
    print("started")
    time.sleep(600)


def start_children_and_crash() -> None:
    _start_children()
    os._exit(3)


def leave_a_child(file: str) -> None:
    """A child that goes on until a file appears, whose process id is printed."""
    if child := os.fork():
        print(child)
        return
    wait_until(Path(file).exists)
    os._exit(0)


def start_hard_children() -> None:
    """Children that ignore SIGTERM."""
    ignore = "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True)"
    for _ in range(2):
        child = subprocess.Popen(
            [sys.executable, "-c", f"{ignore}; time.sleep(600)"], stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        child.stdout.readline()
    print("started")
    time.sleep(600)


def _start_children() -> None:
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    if not os.fork():
        time.sleep(600)
        os._exit(0)
    multiprocessing.get_context("fork").Process(target=starting.sleep_long).start()
