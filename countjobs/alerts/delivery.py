"""The delivery: a thread beside each scheduler that sends what waits in the outbox."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

from django.db import connection
from django.utils import timezone

from countjobs.alerts import dispatching
from countjobs.alerts.models import AlertChannel
from countjobs.alerts.reminders import write_reminders
from countjobs.database.outages import Outage
from countjobs.database.queries import forget_queries
from countjobs.text import in_one_line

if TYPE_CHECKING:
    from countjobs.schedulers.loop import DatabaseScheduler

logger = in_one_line(logging.getLogger(__name__))

LOOK_SECONDS = 2.0
TIDY_SECONDS = 60.0
"""How often old alerts are given up, and reminders written."""
MOST_AT_ONCE = 8
"""Channels that one scheduler sends to at the same time. One that doesn't answer takes one of
these, until its time-out."""


class Delivery:
    """Sends the alerts of one scheduler's share: a companion (countjobs.schedulers.companions)."""

    def __init__(self, scheduler: DatabaseScheduler) -> None:
        self._node = scheduler.heartbeat.name
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._sending: set[int] = set()
        self._outage = Outage()
        self._tidy_at = 0.0
        self._thread = threading.Thread(target=self._run, name="countjobs-alerts", daemon=True)

    def start(self) -> None:
        """Begin to look for alerts."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Begin no more messages, and wait for those that are being sent."""
        deadline = time.monotonic() + timeout
        self._stopping.set()
        self._thread.join(timeout)
        while self._sending and time.monotonic() < deadline:
            time.sleep(0.05)

    def _run(self) -> None:
        with closing(connection):
            while not self._stopping.wait(LOOK_SECONDS):
                try:
                    forget_queries()
                    self.look()
                except Exception as error:  # it is told
                    self._outage.goes_on(logger, error, "Alerts can't be sent now")
                else:
                    self._outage.is_over()

    def look(self) -> None:
        """Begin to send what is ready. Raises django.db.Error."""
        now = timezone.now()
        with self._lock:
            sending = list(self._sending)
        if sending:
            dispatching.renew(sending, self._node, now)
        if time.monotonic() >= self._tidy_at:
            self._tidy_at = time.monotonic() + TIDY_SECONDS
            dispatching.give_up_old(now)
            write_reminders(now)
        for channel in dispatching.channels_to_send_to(now)[: MOST_AT_ONCE - len(sending)]:
            if dispatching.lease(channel, self._node, now):
                self._begin(channel)

    def _begin(self, channel: int) -> None:
        # Daemons: the program's end doesn't wait for a server that doesn't answer.
        name = f"countjobs-alerts-{channel}"
        thread = threading.Thread(target=self._send, args=(channel,), name=name, daemon=True)
        with self._lock:
            self._sending.add(channel)
        try:
            thread.start()
        except RuntimeError:  # no thread can be had: the lease runs out, and somebody tries again
            with self._lock:
                self._sending.discard(channel)
            raise

    def _send(self, pk: int) -> None:
        try:
            with closing(connection):
                channel = AlertChannel.objects.filter(pk=pk).first()
                if channel is not None:
                    dispatching.send_next(channel, self._node, timezone.now())
        except Exception as error:  # the database's: the lease runs out, and somebody tries again
            logger.warning("How a message was sent can't be recorded: %s", error)
        finally:
            with self._lock:
                self._sending.discard(pk)
