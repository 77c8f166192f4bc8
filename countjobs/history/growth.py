"""What runs have said so far, written while they go on."""

from __future__ import annotations

from typing import TypedDict

from django.db import connection

from countjobs.database.rowsets import update_rows
from countjobs.database.turns import own_turn
from countjobs.models.executions import UNFINISHED, Execution


class Growth(TypedDict):
    """How far a run has come."""

    id: int
    output: str
    progress_done: int | None
    progress_total: int | None


_OURS = f"node = new_node AND {UNFINISHED}"
_NOT_LOCKED = (
    f"{_OURS} AND id IN (SELECT there.id FROM countjobs_execution there"  # noqa: S608  # names only
    " WHERE there.id IN (SELECT new_id FROM given) FOR UPDATE SKIP LOCKED)"
)


def record_growth(node: str, rows: list[Growth]) -> set[int]:
    """Write how far runs of a scheduler have come, in one statement. Raises django.db.Error.

    Returns the executions written. What has ended is left alone, what was given to another
    scheduler, and what somebody is just writing: so this waits for nobody, and nobody who writes
    many rows too can meet it in a deadlock.
    """
    skips = connection.features.has_select_for_update_skip_locked
    with own_turn():
        return set(
            update_rows(Execution, rows, _NOT_LOCKED if skips else _OURS, shared={"node": node})
        )
