"""What a scheduler's own server answers, by path. Apps beside the core add paths."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from django.db import Error
from django.utils import timezone

from countjobs.conf import Conf
from countjobs.database.outages import try_twice
from countjobs.endpoints.kept_answers import Kept
from countjobs.schedulers.fitness import why_it_does_not_work
from countjobs.text import in_one_line

if TYPE_CHECKING:
    from countjobs.schedulers.loop import DatabaseScheduler

logger = in_one_line(logging.getLogger(__name__))

PATIENCE_SECONDS = 30
"""A turn of the loop may take so much longer than a lease: it may wait twice for a database that
doesn't answer, and a restart wouldn't help then."""
AWAY = "The database can't be used."
TEXT = "text/plain; charset=utf-8"


class Answer(NamedTuple):
    """What is sent."""

    status: int
    body: bytes
    content_type: str = TEXT


Answerer: TypeAlias = Callable[["DatabaseScheduler", str], Answer]
"""Given the scheduler, and what the request accepts (the header `Accept`)."""
Begin: TypeAlias = Callable[["DatabaseScheduler"], object]


class _More(NamedTuple):
    answerer: Answerer
    begin: Begin


_more: dict[str, _More] = {}


def register(path: str, answerer: Answerer, begin: Begin = lambda _scheduler: None) -> None:
    """Have each scheduler that is started with `--serve` answer a path, such as `/metrics`.

    An app calls it in its `ready`.

    Args:
        path: The path.
        answerer: Makes the answer, in a thread whose database connections are closed afterwards.
        begin: Called for each such scheduler before it starts, to prepare for answers.
    """
    _more[path] = _More(answerer, begin)


class Answers:
    """The paths of one scheduler."""

    def __init__(self, scheduler: DatabaseScheduler) -> None:
        self._scheduler = scheduler
        self._why_not_ready: Kept[str] = Kept(self._look, lambda: AWAY)
        for more in _more.values():
            more.begin(scheduler)

    @property
    def paths(self) -> list[str]:
        """All paths that have an answer."""
        return ["/live", "/ready", *_more]

    def answer(self, path: str, accept: str) -> Answer | None:
        """The answer to a request; None if there is no such path. Raises nothing."""
        try:
            if path == "/live":
                return self._live()
            if path == "/ready":
                return self._ready()
            more = _more.get(path)
            return more.answerer(self._scheduler, accept) if more else None
        except Exception:
            logger.exception("A request for %s can't be answered.", path)
            return Answer(503, b"This can't be answered now. The log says why.\n")

    def _live(self) -> Answer:
        longest = Conf.load().lease_seconds + PATIENCE_SECONDS
        if time.monotonic() - self._scheduler.turned_at > longest:
            return Answer(503, b"The scheduler's loop doesn't go on.\n")
        return Answer(200, b"ok\n")

    def _ready(self) -> Answer:
        why = self._why_not_ready()
        return Answer(503, f"{why}\n".encode()) if why else Answer(200, b"ok\n")

    def _look(self) -> str:
        try:
            return try_twice(lambda: why_it_does_not_work(self._scheduler, timezone.now()))
        except Error:  # its text may name what isn't everybody's business
            return AWAY
