"""Options of the suite, and the end of every process that a test leaves behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
import time_machine
from django.core.cache import cache
from django.utils import translation

from countjobs.endpoints import health
from countjobs.management import stopping
from countjobs.metrics import exposition
from tests.support.child_processes import reap_all
from tests.support.factories import NOON

pytest_plugins = (
    "tests.support.watching",
    "tests.support.lacking",
    "tests.support.executing",
    "tests.support.process_executing",
    "tests.support.overviewing",
    "tests.support.own_kinds",
    "tests.support.isolated_registry",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--chaos-seconds", default="20", help="how long the chaos test goes on")
    parser.addoption("--chaos-seed", help="what the chaos test does, in which order (default: any)")


def pytest_configure() -> None:
    """Heed Ctrl-C where this was started in the background of a script, which has it ignored.

    What a test starts would ignore it, too.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)  # pytest-xdist's
def pytest_xdist_auto_num_workers() -> int:
    """Two a core: tests of processes and browsers mostly wait."""
    return 2 * (os.cpu_count() or 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In parallel, begin with what takes long: at the end, the other workers would wait for it."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: not any(map(item.get_closest_marker, ("process", "browser"))))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """Before the fixtures' ends: emptying the tables would wait for what a process has locked."""
    reap_all()


@pytest.fixture(autouse=True)
def _nothing_is_left_of_other_tests() -> Iterator[None]:
    cache.clear()  # pages keep for a while what they have counted
    health.forget()
    exposition.forget()
    translation.deactivate()  # the client's requests leave their language with the thread
    handlers = {each: signal.getsignal(each) for each in stopping.SIGNALS}
    yield
    for each, handler in handlers.items():  # `runscheduler` takes them for good
        signal.signal(each, handler)
    stopping._before.clear()


@pytest.fixture
def noon_clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller
