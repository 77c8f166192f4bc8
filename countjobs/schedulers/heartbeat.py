"""Heartbeats: a scheduler's word that its loop turns, and what becomes of one that fell silent.

The loop itself writes them, between its turns, and not a thread beside it: a heartbeat that goes on
while the loop is stuck would be worth nothing.
"""

from __future__ import annotations

import logging
import os
import socket
import time
import uuid
from datetime import datetime, timedelta

from django.db import Error, connection, transaction
from django.utils.translation import gettext as _

from countjobs import __version__
from countjobs.conf import Conf
from countjobs.database.outages import Outage
from countjobs.jobstores.neighbours import known_kinds
from countjobs.models import Execution, SchedulerNode
from countjobs.models.nodes import MOST_REASON, State
from countjobs.schedulers.settling import settle
from countjobs.schedulers.watch import Heartbeats, Watch
from countjobs.text import in_one_line, storable

logger = in_one_line(logging.getLogger(__name__))

FORGET_AFTER = timedelta(days=1)


class Heartbeat:
    """The row of one scheduler. Its `name` is what the executions it claims carry."""

    def __init__(self, capacity: int) -> None:
        conf = Conf.load()
        self._every = conf.heartbeat_seconds
        self._watch = Watch(conf.heartbeat_seconds, conf.lease_seconds)
        self._capacity = capacity
        self._state = State.RUNNING
        self._cannot_claim = ""
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

    def start(self, now: datetime) -> None:
        """Write the row. To do so again, not knowing whether it was written, does no harm."""
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
            kinds=known_kinds(),
        ).save()
        self._beaten_at = time.monotonic()

    def beat_if_due(self, now: datetime) -> bool:
        """Write a heartbeat where it is time, and settle what schedulers left that write none."""
        if self.seconds_left:
            return False
        self._write(now)
        dead = self._watch.look(self._others())
        try:
            settle_dead_nodes(dead, now)
        except Error as error:  # the table of executions, say: this one lives all the same
            self._settling.goes_on(logger, error, "What dead schedulers left can't be settled now")
        else:
            self._settling.is_over()
        return True

    def tell_cannot_claim(self, why: str) -> None:
        """Write at once why runs can't be started, or "" for that all is well, if that is news."""
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
        if not alive.update(heartbeat=now, state=self._state, cannot_claim=self._cannot_claim):
            logger.warning("This scheduler's row is gone; writing it again.")
            self._write_row(now)
        self._beaten_at = time.monotonic()

    def _others(self) -> Heartbeats:
        others = SchedulerNode.objects.exclude(state=State.STOPPED).exclude(uuid=self.uuid)
        return dict(others.order_by().values_list("uuid", "heartbeat"))


def settle_dead_nodes(dead: Heartbeats, now: datetime) -> int:
    """Settle what schedulers left behind that are dead, given their last heartbeats.

    What they ran is `lost`, with the reason, and run again where the definition says so; what they
    had claimed but not begun is given back. Two schedulers settle different nodes: a row that is
    being settled is locked. Returns how many were settled: not those that live after all.
    """
    stopped = SchedulerNode.objects.filter(state=State.STOPPED)
    stopped.filter(heartbeat__lt=now - FORGET_AFTER).delete()
    with transaction.atomic():
        nodes = _settle_nodes(dead, now) if dead else 0
    _settle_strays(now)
    return nodes


def _settle_nodes(dead: Heartbeats, now: datetime) -> int:
    skip = connection.features.has_select_for_update_skip_locked
    there = SchedulerNode.objects.exclude(state=State.STOPPED).filter(uuid__in=list(dead))
    locked = there.select_for_update(skip_locked=skip)
    # One may have beaten since we looked.
    nodes = [node for node in locked if node.heartbeat == dead[node.uuid]]
    for node in nodes:
        reason = _(
            "The scheduler %(name)s stopped without a word; its last heartbeat was at %(at)s."
        ) % {"name": node.name, "at": f"{node.heartbeat:%Y-%m-%d %H:%M:%S %Z}"}
        _settle(node.name, reason, now)
        node.state = State.STOPPED
        node.save(update_fields=["state"])
    return len(nodes)


def _settle_strays(now: datetime) -> None:
    """Settle what belongs to a scheduler that has been settled, or whose row was deleted.

    A claim may be committed at the very moment at which its scheduler is taken for dead.
    """
    active = Execution.objects.active().exclude(node="")
    # Before the schedulers: the row of one that starts meanwhile is there before its first claim.
    names = set(active.values_list("node", flat=True))
    names -= {node.name for node in SchedulerNode.objects.exclude(state=State.STOPPED)}
    for name in names:
        _settle(name, _("The scheduler %(name)s is not there any more.") % {"name": name}, now)


def _settle(name: str, reason: str, now: datetime) -> None:
    settled = settle(name, reason, now)
    if not any(vars(settled).values()):
        return
    logger.warning(
        "%s Runs lost: %d, of which run again: %d. Given back before they began: %d.",
        reason,
        settled.lost,
        settled.again,
        settled.given_back,
    )
