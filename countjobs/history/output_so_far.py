"""Writing the output and progress of runs while they go on."""

from __future__ import annotations

from typing import TypedDict

from django.db import connection

from countjobs.database.rowsets import update_rows
from countjobs.database.turns import own_turn
from countjobs.models.executions import UNFINISHED, Execution


class Growth(TypedDict):
    """What a run has printed so far, and its progress."""

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
    """Write the output and progress of a scheduler's runs, in one statement.

    Raises django.db.Error.
    Returns the runs written. It skips runs that have ended, that another scheduler has now, and
    that somebody is writing at the moment. So it waits for nobody, and can't be part of a deadlock.
    """
    skips = connection.features.has_select_for_update_skip_locked
    with own_turn():
        return set(
            update_rows(Execution, rows, _NOT_LOCKED if skips else _OURS, shared={"node": node})
        )
