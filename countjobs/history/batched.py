"""Deleting many rows in batches that nobody waits for.

Each batch is a transaction of its own. It takes about 20 ms. Then there is a pause nine times as
long as the batch took, so schedulers and people always get their turn.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import models

from countjobs.database.deadlocks import again_after_deadlock
from countjobs.database.turns import own_turn
from countjobs.run_context import progress

BATCH = 2_000
"""The most rows in a batch."""
_FIRST = 500
SECONDS = 0.02
"""How long a batch is to take."""
_REST = 9.0
"""How long the pause after a batch is, relative to the batch. With 4, runs that were due beside it
started measurably later."""


class Batches:
    """The size of each batch, the pauses, and how many rows were deleted."""

    def __init__(
        self,
        most: int = BATCH,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._most = most
        self._clock, self._sleep = clock, sleep
        self.size = min(_FIRST, most)
        """How many rows the next batch looks at."""
        self.deleted = 0

    def delete(
        self,
        rows: models.QuerySet[Any],
        only: models.Q | None = None,
        order: tuple[str, str] | tuple[str] = ("pk",),
    ) -> int:
        """Delete rows, or only some of them. Returns how many.

        An index must give them in this order. It is gone through once, from its beginning: what is
        kept, and what others delete or add meanwhile, doesn't matter. Raises StopRun if it is part
        of a run that is to stop.
        """
        before = self.deleted
        after: models.Q | None = models.Q()
        while after is not None:
            with self._timed():
                after = self._batch(rows.filter(after).order_by(*order), only or models.Q(), order)
            progress(self.deleted)
        return self.deleted - before

    def _batch(
        self, rows: models.QuerySet[Any], only: models.Q, order: tuple[str, ...]
    ) -> models.Q | None:
        """Look at one batch. Returns where the next one begins; None if there is none."""
        size = self.size
        last = list(rows.values_list(*order)[size - 1 : size])
        everything = rows.model._base_manager.using(rows.db)
        self.deleted += _delete(everything.filter(only, pk__in=rows.values("pk")[:size]))
        if not last:
            return None
        *first, pk = zip(order, last[0], strict=True)
        beyond = models.Q(**{f"{pk[0]}__gt": pk[1]})
        for name, value in first:
            beyond = models.Q(**{f"{name}__gte": value}) & (
                models.Q(**{f"{name}__gt": value}) | beyond
            )
        return beyond

    @contextmanager
    def _timed(self) -> Iterator[None]:
        began = self._clock()
        yield
        took = self._clock() - began
        if took > 2 * SECONDS:
            self.size = max(self.size // 2, 1)
        elif took < SECONDS:
            self.size = min(self.size * 2, self._most)
        self._sleep(took * _REST)


@again_after_deadlock
def _delete(rows: models.QuerySet[Any]) -> int:
    with own_turn():
        count, _by_model = rows.delete()
    return count
