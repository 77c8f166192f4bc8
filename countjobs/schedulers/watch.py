"""Watching for silent schedulers: each one judges the others by what it sees itself.

Clocks can't tell whether another scheduler is alive: they jump, differ between machines, and go on
while a virtual machine sleeps. So a scheduler is dead if its heartbeat has stayed the same each
time we looked, for a whole lease. What time the heartbeat shows doesn't matter. We look once per
heartbeat, but not while the database is away or we are frozen. So a time in which others could not
write, or we could not look, doesn't count.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

Heartbeats = Mapping[UUID, datetime]
"""The last heartbeat of each scheduler, by that one's own clock."""


class Watch:
    """What one scheduler has seen of the others.

    Args:
        every: The seconds between two looks, and between two heartbeats.
        lease: After how many seconds of silence a scheduler is dead.
    """

    def __init__(self, every: int, lease: int) -> None:
        self._every = timedelta(seconds=every)
        self._most = ceil(lease / every)
        self._seen: dict[UUID, tuple[datetime, int]] = {}
        """The last heartbeat of each, and how many looks since have seen no newer one."""

    def begin(self, heartbeats: Heartbeats, now: datetime) -> None:
        """Look for the first time; calling it again starts over.

        Here clocks do count, or what was left yesterday would wait for a whole lease. But they may
        be wrong, so nobody is dead before our second look.
        """
        self._seen = {
            uuid: (heartbeat, min(max(now - heartbeat, timedelta()) // self._every, self._most - 1))
            for uuid, heartbeat in heartbeats.items()
        }

    def look(self, heartbeats: Heartbeats) -> dict[UUID, datetime]:
        """Look again, once a heartbeat. Returns the last heartbeats of those that are dead."""
        self._seen = {
            uuid: (heartbeat, self._looks_in_vain(uuid, heartbeat))
            for uuid, heartbeat in heartbeats.items()
        }
        return {uuid: last for uuid, (last, looks) in self._seen.items() if looks >= self._most}

    def _looks_in_vain(self, uuid: UUID, heartbeat: datetime) -> int:
        last, looks = self._seen.get(uuid, (None, 0))
        return looks + 1 if heartbeat == last else 0
