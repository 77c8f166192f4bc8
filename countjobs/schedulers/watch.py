"""Who is silent: a scheduler's judgement of the others, by what it sees itself.

No clock says whether another one lives: clocks step, differ between machines, and go on while a
virtual machine sleeps. So one is dead whose heartbeat, whatever time it tells, has not changed
while we looked again and again for a whole lease. We look once a heartbeat, and not while the
database is away, or we are frozen: what nobody could write, or we could not see, is no silence.
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
        lease: For how many seconds one must be silent to be dead.
    """

    def __init__(self, every: int, lease: int) -> None:
        self._every = timedelta(seconds=every)
        self._most = ceil(lease / every)
        self._seen: dict[UUID, tuple[datetime, int]] = {}
        """Of each its last heartbeat, and how often we have looked since in vain."""

    def begin(self, heartbeats: Heartbeats, now: datetime) -> None:
        """Look for the first time; to do so again starts over.

        Here clocks count, or leftovers of yesterday would wait for a lease. But as they may be
        wrong, nobody is dead before we have looked a second time.
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
