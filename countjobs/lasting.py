"""Helpers for threads that must keep going after any error, and for steps that may fail."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

logger = logging.getLogger(__name__)

REST_SECONDS = 1.0


def go_on_until(is_over: Callable[[], bool], step: Callable[[], object], what: str) -> None:
    """Take a step again and again. One that raises is logged, and the next comes a second later.

    Nobody watches a scheduler's threads. If one ended, its work would just no longer be done.

    Args:
        is_over: Whether this is the end; asked before each step.
        step: What to do. It waits by itself where there is nothing to do.
        what: What the log calls it, at the beginning of a sentence.
    """
    while not is_over():
        try:
            step()
        except Exception:
            quietly(logger.exception, "%s failed, trying again", what)
            time.sleep(REST_SECONDS)


def quietly(step: Callable[..., object], *args: Any) -> None:
    """Do something whose failure must not matter: write to a log, tidy up.

    What it raises is logged, if that is possible: a log handler may be what raises.
    """
    try:
        step(*args)
    except Exception:
        with suppress(Exception):
            logger.exception("An optional step failed. Everything else goes on.")
