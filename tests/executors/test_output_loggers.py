"""Issue 8, line 11: what a run logs past the root logger is in its output, and once."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from logging.config import dictConfig
from typing import Any

import pytest

from countjobs.executors.output import Capture, capturing
from tests.support.executing import captured
from tests.support.markdown import blocks, run

CAP = 10_000
RECIPES = {
    library: block
    for block in blocks("docs/cookbook.md", "python")
    for library in ("loguru", "structlog")
    if f"import {library}" in block.text or f"from {library}" in block.text
}


@pytest.fixture
def apart() -> Iterator[logging.Logger]:
    """A logger as a project's LOGGING makes it: it hands nothing on."""
    logger = logging.getLogger("tests.apart")
    config = {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"console": {"class": "logging.StreamHandler"}},
        "loggers": {"tests.apart": {"handlers": ["console"], "level": "INFO", "propagate": False}},
    }
    dictConfig(config)
    yield logger
    logger.handlers.clear()
    logger.propagate = True


def test_a_logger_that_does_not_propagate_is_heard_once(apart: logging.Logger) -> None:
    with capturing():
        with captured(CAP) as output:
            apart.info("from itself")
            apart.getChild("below").info("from below")
        apart.info("outside of a run")
    lines = output.value().splitlines()
    assert [line.rpartition(" INFO ")[2] for line in lines] == ["from itself", "from below"]


def test_one_that_comes_later_is_heard_by_the_next_run() -> None:
    with capturing():
        logger = logging.getLogger("tests.apart.later")
        logger.propagate = False
        logger.addHandler(logging.StreamHandler(io.StringIO()))
        try:
            with captured(CAP) as output:
                logger.warning("later")
        finally:
            logger.handlers.clear()
            logger.propagate = True
    assert output.value().endswith(" WARNING later\n")


def test_one_that_a_job_has_set_up_anew_is_heard_by_the_next_run(apart: logging.Logger) -> None:
    config = {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"console": {"class": "logging.StreamHandler", "stream": io.StringIO()}},
        "loggers": {"tests.apart": {"handlers": ["console"], "level": "INFO", "propagate": False}},
        "root": {"handlers": ["console"]},
    }
    before = list(logging.root.handlers)
    try:
        with capturing():
            with captured(CAP):
                dictConfig(config)
            with captured(CAP) as output:
                apart.info("anew")
    finally:
        logging.root.handlers[:] = before
    assert output.value().endswith(" INFO anew\n")


def test_one_that_begins_or_ceases_to_hand_on_is_heard_once(
    apart: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("countjobs.executors.loggers.LOOK_SECONDS", 0.0)
    said = []
    with capturing():
        for apart.propagate in (False, True, False):
            with captured(CAP) as output:
                apart.info("said")
            said.append(output.value().count("said"))
        assert Capture._handler in apart.handlers
    assert said == [1, 1, 1]


def test_one_whose_handler_writes_to_our_stream_is_heard_once() -> None:
    with capturing():
        logger = logging.getLogger("tests.apart.ours")
        logger.propagate = False
        logger.addHandler(logging.StreamHandler(sys.stdout))
        try:
            with captured(CAP) as output:
                logger.warning("once")
        finally:
            logger.handlers.clear()
            logger.propagate = True
    assert output.value() == "once\n"


def test_one_that_is_to_be_silent_stays_so() -> None:
    logger = logging.getLogger("tests.apart.silent")
    logger.propagate, logger.handlers = False, [logging.NullHandler()]
    try:
        with capturing(), captured(CAP) as output:
            logger.warning("nothing")
    finally:
        logger.propagate, logger.handlers = True, []
    assert output.value() == ""


def test_all_loggers_are_as_before_in_the_end(apart: logging.Logger) -> None:
    before = list(apart.handlers)
    with capturing(), captured(CAP):
        assert Capture._handler in apart.handlers
    assert apart.handlers == before


def said_by(library: str, say: Callable[[Any], object]) -> str:
    """The output of a run that logs with a library, which was set up as the cookbook says."""
    terminal = io.StringIO()
    with redirect_stderr(terminal):
        names = run(RECIPES[library], "docs/cookbook.md")
        with capturing(), captured(CAP) as output:
            say(names)
    return output.value()


def test_loguru_is_heard_as_the_cookbook_sets_it_up() -> None:
    loguru = pytest.importorskip("loguru")
    try:
        output = said_by("loguru", lambda names: names["logger"].info("from loguru"))
    finally:
        loguru.logger.remove()
        loguru.logger.add(sys.__stderr__)
    assert output.rstrip().endswith("from loguru")
    assert output.count("from loguru") == 1


def test_structlog_is_heard_as_the_cookbook_sets_it_up(caplog: pytest.LogCaptureFixture) -> None:
    structlog = pytest.importorskip("structlog")
    caplog.set_level(logging.INFO)
    try:
        output = said_by(
            "structlog", lambda names: structlog.get_logger("tests").info("from structlog", n=1)
        )
    finally:
        structlog.reset_defaults()
    assert output.count("from structlog") == 1
