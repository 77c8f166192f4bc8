"""Watches over tests that hang: no test, and no end of one, waits for ever, however it hangs.

pytest-timeout raises an error in the test, and shows what each thread was doing. Two gaps are
closed here. Where Python code can't be interrupted, the process is ended after a while more, with
the threads' stacks on stderr; xdist then reports the test as failed and begins another process. And
pytest-timeout stops watching a test that has failed: the ends of its fixtures are watched anew.
"""

from __future__ import annotations

import faulthandler
import os
from typing import Any

import pytest

GRACE_SECONDS = 30
CHAOS_ENDS_SECONDS = 300

_stderr = pytest.StashKey[int]()
_watched = pytest.StashKey[Any]()  # pytest-timeout has no types


def pytest_configure(config: pytest.Config) -> None:
    # As it is before pytest captures it.
    config.stash[_stderr] = os.dup(2)


def pytest_unconfigure(config: pytest.Config) -> None:
    os.close(config.stash[_stderr])


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> None:
    item.stash[_watched] = settings
    seconds = settings.timeout + GRACE_SECONDS
    faulthandler.dump_traceback_later(seconds, exit=True, file=item.config.stash[_stderr])


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_cancel_timer() -> None:
    faulthandler.cancel_dump_traceback_later()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    if settings := item.stash.get(_watched, None):
        item.config.hook.pytest_timeout_set_timer(item=item, settings=settings)


def pytest_itemcollected(item: pytest.Item) -> None:
    """The chaos test takes as long as it is told to, and then waits for what it has broken."""
    if item.path.name == "test_chaos.py":
        seconds = float(item.config.getoption("--chaos-seconds"))
        item.add_marker(pytest.mark.timeout(seconds + CHAOS_ENDS_SECONDS))
