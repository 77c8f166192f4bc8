"""Functions that code schedules: importable, as the job store needs them."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from countjobs import job
from countjobs.executors import current_run
from tests.support.waiting import wait_until

logger = logging.getLogger(__name__)


def greet(name: str, *, loudly: bool = False) -> None:
    print(f"Hello, {name.upper() if loudly else name}!")


def fail() -> None:
    try:
        raise KeyError("the cause")
    except KeyError as error:
        raise ValueError("the effect") from error


def leave() -> None:
    sys.exit("leaving")


def say_often(word: str) -> None:
    for _ in range(200):
        print(word)
        logger.info("logged %s", word)


def leave_behind(kind: str) -> None:
    """End, and leave something that would go on for a minute and more."""
    if kind == "thread":
        threading.Thread(target=time.sleep, args=[100], daemon=False).start()
    elif kind == "pool":
        ThreadPoolExecutor(1).submit(time.sleep, 100)
    elif kind == "process":
        multiprocessing.get_context("spawn").Process(target=time.sleep, args=[100]).start()
    else:
        ThreadPoolExecutor(1).submit(int).result()  # idle


def pass_gate(file: str) -> None:
    """Note who began which run, in a file beside the gate's, and end once that is there."""
    run = current_run()
    with Path(f"{file}.begun").open("a") as notes:
        notes.write(f"{os.getpid()} {run and run.scheduled_at.isoformat()}\n")
    wait_until(Path(file).exists, seconds=60)


@job
def remind(
    *, to: str, days: int = 7, at: datetime | None = None, tags: list[str] | None = None
) -> None:
    """Say whom to remind.

    Args:
        to: Who gets it.
        days: How many days ago.
    """
    print(f"reminding {to} after {days} days, at {at}, with {tags}")


@job(name="app.remind_later", aliases=["app.remind_soon"])
async def remind_later(*, to: str) -> str:
    """Say whom to remind, a little later."""
    await asyncio.sleep(0)
    print(f"reminding {to} later")
    return "which nobody reads"
