"""Part of the overview: which schedulers are alive, and how busy each is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.safestring import SafeString

from countjobs.admin.links import Links
from countjobs.admin.schedulers import given_up, heard_of, life
from countjobs.models import Execution, SchedulerNode
from countjobs.models.executions import Status

MOST = 20
_MOST_RUNNING = 10_000


@dataclass(frozen=True)
class Scheduler:
    """A line of the table."""

    node: Any
    life: SafeString
    url: str
    heard_of: str
    busy: int
    """Runs going on in it."""
    busy_url: str
    """Where they are listed."""
    given_up: str
    """Its threads that were given up, if it is alive and has any."""

    @property
    def is_draining(self) -> bool:
        """Whether it is alive, but starts no more runs."""
        return bool(self.node.lives) and self.node.state == SchedulerNode.State.DRAINING


@dataclass(frozen=True)
class Schedulers:
    """The table: those with the newest heartbeats."""

    rows: list[Scheduler]
    more_url: str
    """Where the others are, if there are any."""


def read_schedulers(now: datetime, links: Links) -> Schedulers:
    """Two queries."""
    nodes = list(SchedulerNode.objects.with_life(now).order_by("-heartbeat")[: MOST + 1])
    names = Execution.objects.going_on().values_list("node", flat=True)
    busy = Counter(names[:_MOST_RUNNING])
    return Schedulers(
        rows=[_scheduler(node, busy[node.name], now, links) for node in nodes[:MOST]],
        more_url=links.to_list(SchedulerNode) if len(nodes) > MOST else "",
    )


def _scheduler(node: Any, busy: int, now: datetime, links: Links) -> Scheduler:
    url = links.to_object(SchedulerNode, node.pk)
    runs = {"status__exact": Status.RUNNING, "node__exact": node.name}
    busy_url = links.to_list(Execution, **runs) if busy else ""
    stuck = given_up(node) if node.lives else ""
    return Scheduler(node, life(node), url, heard_of(node, now), busy, busy_url, stuck)
