"""The ping: each scheduler fetches `PING_URL` every minute while it does its work.

A service that expects it tells people when it stops. So somebody hears of it, too, if no scheduler
lives that could send an alert.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from django.db import connection
from django.utils import timezone

from countjobs.alerts.sending.errors import CannotSend
from countjobs.alerts.sending.web import fetch
from countjobs.alerts.sending.webhook import USER_AGENT
from countjobs.conf import Conf
from countjobs.database.outages import Outage
from countjobs.schedulers.fitness import why_it_does_not_work
from countjobs.text import in_one_line

if TYPE_CHECKING:
    from countjobs.schedulers.loop import DatabaseScheduler

logger = in_one_line(logging.getLogger(__name__))

EVERY_SECONDS = 60.0
FIRST_SECONDS = 1.0
"""After the start."""
AGAIN_SECONDS = 5.0
"""How soon it looks again after the scheduler didn't work."""
_FETCH_SECONDS = 10.0
_SUCCESS = range(200, 300)


class Ping:
    """The pings of one scheduler, in a thread: a companion (countjobs.schedulers.companions)."""

    def __init__(self, scheduler: DatabaseScheduler) -> None:
        self._scheduler = scheduler
        self._stopping = threading.Event()
        self._looking = threading.Lock()
        self._database = Outage()
        self._fails = False

    def start(self) -> None:
        """Begin, if there is something to fetch."""
        if Conf.load().ping_url:
            threading.Thread(target=self._run, name="countjobs-ping", daemon=True).start()

    def stop(self, timeout: float) -> None:
        """End at once. It doesn't wait for an answer, only for a look at the database."""
        self._stopping.set()
        if self._looking.acquire(timeout=timeout):
            self._looking.release()

    def _run(self) -> None:
        seconds = FIRST_SECONDS
        while not self._stopping.wait(seconds):
            try:
                seconds = self.ping()
            except Exception as error:
                self._database.goes_on(logger, error, "Whether to fetch PING_URL is not known")
                seconds = AGAIN_SECONDS

    def ping(self) -> float:
        """Fetch the URL if the scheduler works. Returns after how many seconds to look again.

        Raises django.db.Error.
        """
        if not self._works():
            return AGAIN_SECONDS
        try:
            self._fetch()
        except CannotSend as error:
            if not self._fails:
                logger.warning("PING_URL can't be fetched: %s", error)
            self._fails = True
        else:
            self._fails = False
        return EVERY_SECONDS

    def _works(self) -> bool:
        with self._looking:
            if self._stopping.is_set():
                return False
            try:
                works = not why_it_does_not_work(self._scheduler, timezone.now())
            finally:
                connection.close()
        self._database.is_over()
        return works

    def _fetch(self) -> None:
        status = fetch(
            "GET",
            Conf.load().ping_url,
            headers={"User-Agent": USER_AGENT},
            seconds=_FETCH_SECONDS,
            allow_private=True,  # whoever deploys it has chosen it
        )
        if status not in _SUCCESS:
            raise CannotSend(f"The server answered {status}.")
