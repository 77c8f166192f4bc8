"""Heartbeats: the sign that a scheduler's loop is running.

The loop itself writes them, between its turns. A thread of their own would go on writing while the
loop is stuck, and then they would mean nothing.
"""

from __future__ import annotations

import logging
import os
import socket
import time
import uuid
from datetime import datetime

from django.db import Error

from countjobs import __version__
from countjobs.conf import Conf
from countjobs.database.outages import Outage
from countjobs.functions.callees import known_callees
from countjobs.jobstores.neighbours import known_kinds
from countjobs.models import SchedulerNode
from countjobs.models.nodes import MOST_REASON, State
from countjobs.schedulers.lost_runs import settle_dead_nodes
from countjobs.schedulers.watch import Heartbeats, Watch
from countjobs.text import in_one_line, storable

logger = in_one_line(logging.getLogger(__name__))


class Heartbeat:
    """The row of one scheduler. The runs that it claims carry its `name`."""

    def __init__(self, capacity: int) -> None:
        conf = Conf.load()
        self._every = conf.heartbeat_seconds
        self._watch = Watch(conf.heartbeat_seconds, conf.lease_seconds)
        self._capacity = capacity
        self._state = State.RUNNING
        self._cannot_claim = ""
        self.given_up = 0
        """How many threads were given up. The next heartbeat says it."""
        self._settling = Outage()
        self._beaten_at: float | None = None
        self.uuid = uuid.uuid4()
        self.name = SchedulerNode(uuid=self.uuid, host=socket.gethostname(), pid=os.getpid()).name

    @property
    def seconds_left(self) -> float:
        """Until the next heartbeat is due."""
        if self._beaten_at is None:
            return 0
        return max(0.0, self._every - (time.monotonic() - self._beaten_at))

    @property
    def cannot_claim(self) -> str:
        """Why runs can't be started or recorded now; empty if they can."""
        return self._cannot_claim

    def is_older_than(self, seconds: float) -> bool:
        """Whether the last heartbeat was written longer ago, or none was yet."""
        return self._beaten_at is None or time.monotonic() - self._beaten_at > seconds

    def start(self, now: datetime) -> None:
        """Write the row. It may be called again if it is unknown whether that worked."""
        self._write_row(now)
        self._watch.begin(self._others(), now)

    def _write_row(self, now: datetime) -> None:
        SchedulerNode(
            uuid=self.uuid,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=__version__,
            started=now,
            heartbeat=now,
            capacity=self._capacity,
            state=self._state,
            cannot_claim=self._cannot_claim,
            given_up=self.given_up,
            kinds=known_kinds(),
            callees=known_callees(),
        ).save()
        self._beaten_at = time.monotonic()

    def beat_if_due(self, now: datetime) -> bool:
        """Write a heartbeat if it is due, and settle the runs of dead schedulers."""
        if self.seconds_left:
            return False
        self._write(now)
        dead = self._watch.look(self._others())
        try:
            settle_dead_nodes(dead, now)
        except Error as error:  # of another table, say: this scheduler lives
            what = "Runs of dead schedulers can't be marked as lost or given back now"
            self._settling.goes_on(logger, error, what)
        else:
            self._settling.is_over()
        return True

    def tell_cannot_claim(self, why: str) -> None:
        """Write at once why runs can't be started, if that has changed; "" if they can."""
        reason = storable(why)[:MOST_REASON]
        if reason != self._cannot_claim:
            self._cannot_claim = reason
            SchedulerNode.objects.filter(uuid=self.uuid).update(cannot_claim=reason)

    def tell(self, state: State, now: datetime) -> None:
        """Write a new state at once."""
        self._state = state
        self._write(now)

    def _write(self, now: datetime) -> None:
        alive = SchedulerNode.objects.filter(uuid=self.uuid)
        values = {"cannot_claim": self._cannot_claim, "given_up": self.given_up}
        if not alive.update(heartbeat=now, state=self._state, **values):
            logger.warning("This scheduler's row is gone. It is written again.")
            self._write_row(now)
        self._beaten_at = time.monotonic()

    def _others(self) -> Heartbeats:
        others = SchedulerNode.objects.exclude(state=State.STOPPED).exclude(uuid=self.uuid)
        return dict(others.order_by().values_list("uuid", "heartbeat"))
