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

from django.db import connection, models, transaction
from django.utils.translation import gettext as _

from countjobs import __version__
from countjobs.conf import Conf
from countjobs.models import Execution, SchedulerNode
from countjobs.models.nodes import State
from countjobs.schedulers.settling import settle

logger = logging.getLogger(__name__)

FORGET_AFTER = timedelta(days=1)


class Heartbeat:
    """The row of one scheduler. Its `name` is what the executions it claims carry."""

    def __init__(self, capacity: int) -> None:
        self._every = Conf.load().heartbeat_seconds
        self._capacity = capacity
        self._state = State.RUNNING
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
        SchedulerNode(
            uuid=self.uuid,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=__version__,
            started=now,
            heartbeat=now,
            capacity=self._capacity,
            state=self._state,
        ).save()
        self._beaten_at = time.monotonic()

    def beat_if_due(self, now: datetime) -> bool:
        """Write a heartbeat where it is time, and settle what schedulers left that write none."""
        if self.seconds_left:
            return False
        self._write(now)
        settle_dead_nodes(now)
        return True

    def tell(self, state: State, now: datetime) -> None:
        """Write a new state at once."""
        self._state = state
        self._write(now)

    def _write(self, now: datetime) -> None:
        alive = SchedulerNode.objects.filter(uuid=self.uuid)
        if not alive.update(heartbeat=now, state=self._state):
            logger.warning("This scheduler's row is gone; writing it again.")
            self.start(now)
        self._beaten_at = time.monotonic()


def settle_dead_nodes(now: datetime) -> int:
    """Settle what schedulers left behind whose last heartbeat is older than the lease.

    What they ran is `lost`, with the reason, and run again where the definition says so; what they
    had claimed but not begun is given back. Two schedulers settle different nodes: a row that is
    being settled is locked. Returns how many schedulers were found dead.
    """
    lease = timedelta(seconds=Conf.load().lease_seconds)
    stopped = SchedulerNode.objects.filter(state=State.STOPPED)
    stopped.filter(heartbeat__lt=now - FORGET_AFTER).delete()
    silent = SchedulerNode.objects.exclude(state=State.STOPPED).filter(heartbeat__lte=now - lease)
    with transaction.atomic():
        nodes = _settle_silent(silent, now) if silent.exists() else 0
    _settle_strays(now)
    return nodes


def _settle_silent(silent: models.QuerySet[SchedulerNode], now: datetime) -> int:
    skip = connection.features.has_select_for_update_skip_locked
    nodes = list(silent.select_for_update(skip_locked=skip))
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
    logger.warning(
        "%s %d runs are lost, %d of them are run again, %d that had not begun are given back.",
        reason,
        settled.lost,
        settled.again,
        settled.given_back,
    )
