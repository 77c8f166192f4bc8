"""Functions that code schedules: importable, as the job store needs them."""

from __future__ import annotations

import logging
import sys

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
