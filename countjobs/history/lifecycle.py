"""The life of a run: every change of an execution's status is a verb of this module.

TRANSITIONS lists them: which verb leads from which status to which, and who uses it. Tests check
that the diagram in docs/states.md says the same, and that no other module writes a status.

Several schedulers and people may want to change the same run. So `begin`, `put_off`, `give_back`
and `cancel` change a run only if its status, and for the first three its scheduler, are still what
they expect. Whoever comes second changes nothing, and can tell that from what the verb returns.
`finish` asks for the status alone: it never overwrites what has ended. `answer` and `lose` don't
check, because their callers hold the rows locked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from countjobs.database.rowsets import insert_rows, update_rows
from countjobs.database.turns import own_turn
from countjobs.models.executions import UNFINISHED, Execution, Status, Trigger

Row = dict[str, Any]
"""The values of a run, by the names of its columns."""


@dataclass(frozen=True)
class Transition:
    """What one verb may do."""

    verb: str
    before: tuple[Status, ...]
    """If this is empty, the verb makes a new run."""
    after: tuple[Status, ...]
    who: str


TRANSITIONS = (
    Transition("request", (), (Status.QUEUED,), "a person or code that asks for a run"),
    Transition(
        "claim",
        (),
        (Status.QUEUED, Status.MISSED, Status.SKIPPED),
        "the scheduler that takes a fire time",
    ),
    Transition("retry", (), (Status.QUEUED,), "the scheduler that settles a lost run"),
    Transition("record_here", (), (Status.SUCCEEDED, Status.FAILED), "`runjob`"),
    Transition(
        "answer",
        (Status.QUEUED,),
        (Status.QUEUED, Status.FAILED, Status.CANCELLED, Status.SKIPPED),
        "the scheduler that takes a request, a retry, or what was given back",
    ),
    Transition("give_back", (Status.QUEUED,), (Status.QUEUED,), "its scheduler, or who settles it"),
    Transition("cancel", (Status.QUEUED,), (Status.CANCELLED,), "a person"),
    Transition("begin", (Status.QUEUED, Status.RUNNING), (Status.RUNNING,), "its scheduler"),
    Transition("put_off", (Status.RUNNING, Status.QUEUED), (Status.QUEUED,), "its scheduler"),
    Transition(
        "finish",
        (Status.RUNNING, Status.QUEUED),
        (Status.SUCCEEDED, Status.FAILED),
        "its scheduler",
    ),
    Transition("lose", (Status.RUNNING,), (Status.LOST,), "the scheduler that settles it"),
)
_AFTER = {transition.verb: transition.after for transition in TRANSITIONS}


def request(
    jobs: Iterable[tuple[str, str]],
    now: datetime,
    *,
    trigger: Trigger,
    requested_by: str,
    parameters: dict[str, Any],
) -> list[Execution]:
    """Queue a run of each of these jobs, given by ids and names, for any scheduler."""
    return Execution.objects.bulk_create(
        Execution(
            job_id=job_id,
            job_name=job_name[:255],
            status=Status.QUEUED,
            trigger=trigger,
            scheduled_at=now,
            requested_by=requested_by[:255],
            parameters=parameters,
        )
        for job_id, job_name in jobs
    )


def due(job_id: str, job_name: str, at: datetime, folded: int) -> Row:
    """A fire time to claim and run. `folded` says for how many earlier ones it stands."""
    return {
        "job_id": job_id,
        "job_name": job_name,
        "status": Status.QUEUED,
        "scheduled_at": at,
        "finished_at": None,
        "error": "",
        "folded": folded,
    }


def not_run(fire_time: Row, status: Status, error: str, now: datetime) -> Row:
    """The same fire time, to claim without a run. The error says why."""
    return {**fire_time, "status": status, "finished_at": now, "error": error}


def claim(node: str, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    """Insert the fire times that a scheduler takes, made by `due` and `not_run`.

    Those that are there already stay. Returns the id, the job's id and the due time of each row
    inserted. Raises django.db.Error.
    """
    for row in rows:
        _check("claim", row["status"])
    return insert_rows(
        Execution, rows, ["id", "job_id", "scheduled_at"], {**_CLAIMED, "node": node}
    )


_CLAIMED: Row = {
    "trigger": Trigger.SCHEDULE,
    "started_at": None,
    "attempt": 1,
    "requested_by": "",
    "parameters": {},
    "output": "",
    "traceback": "",
}


def retry(lost: Iterable[Execution]) -> None:
    """Queue the next attempt of each lost run: due at the same time, with the same parameters."""
    fields = Execution._meta.concrete_fields
    names = [each.attname for each in fields if not each.primary_key and not each.generated]
    rows = []
    for each in lost:
        attempt = Execution(
            job_id=each.job_id,
            job_name=each.job_name,
            status=Status.QUEUED,
            trigger=Trigger.RETRY,
            scheduled_at=each.scheduled_at,
            attempt=each.attempt + 1,
            requested_by=each.requested_by,
            parameters=each.parameters,
        )
        rows.append({name: getattr(attempt, name) for name in names})
    insert_rows(Execution, rows, ["id"])


def record_here(**values: Any) -> Execution:
    """Record a run that has ended, and that no scheduler ran."""
    _check("record_here", values["status"])
    return Execution.objects.create(**values)


def taken(execution: Execution, node: str) -> Row:
    """The answer to a waiting run: this scheduler takes it."""
    return _answer(execution, node, Status.QUEUED)


def refused(execution: Execution, node: str, status: Status, error: str, now: datetime) -> Row:
    """The answer to a waiting run: it ends without starting."""
    return _answer(execution, node, status, finished_at=now, error=error)


def _answer(execution: Execution, node: str, status: Status, **values: Any) -> Row:
    empty = {"started_at": None, "finished_at": None, "error": ""}
    return {"id": execution.pk, "status": _check("answer", status), "node": node, **empty, **values}


def answer(rows: Sequence[Row]) -> None:
    """Write the answers to waiting runs, which the caller holds locked."""
    update_rows(Execution, rows)


def give_back(node: str, *, but: Collection[int] = ()) -> int:
    """Let any scheduler take what one had claimed but not started. Returns how many."""
    queued = Execution.objects.active().filter(node=node, status=Status.QUEUED)
    return (queued.exclude(pk__in=but) if but else queued).update(node="")


def cancel(pk: int, reason: str, now: datetime) -> bool:
    """End a run that has not started. Returns False if it isn't queued any more.

    A scheduler may have claimed it already. It asks again before it starts a run, and then leaves
    this one alone.
    """
    queued = Execution.objects.active().filter(pk=pk, status=Status.QUEUED)
    with own_turn():
        ended = queued.update(status=Status.CANCELLED, finished_at=now, error=reason)
    return ended == 1


def begin(node: str, execution_ids: Iterable[int], now: datetime) -> list[int]:
    """Mark claimed runs as running, in one statement. Raises django.db.Error.

    Returns those that are ours to start. The others no longer are: they were cancelled, or we were
    taken for dead and they were given to another scheduler. Asking twice does no harm.
    """
    return _mark(execution_ids, node=node, status=Status.RUNNING, started_at=now)


def put_off(node: str, execution_ids: Iterable[int]) -> list[int]:
    """Mark runs as queued again that were marked as running but could not start yet.

    Returns those that are still ours to start, as `begin` does. Raises django.db.Error.
    """
    return _mark(execution_ids, node=node, status=Status.QUEUED, started_at=None)


def _mark(execution_ids: Iterable[int], **shared: object) -> list[int]:
    rows = [{"id": execution_id} for execution_id in execution_ids]
    with own_turn():
        return update_rows(Execution, rows, f"node = new_node AND {UNFINISHED}", shared)


def finish(rows: Sequence[Row]) -> None:
    """Write how runs went, in one statement. Raises django.db.Error.

    What another scheduler has settled, as lost for example, is not overwritten. A run that is
    queued is: a server that failed over may have lost the mark that it had started.
    """
    for row in rows:
        _check("finish", row["status"])
    with own_turn():
        update_rows(Execution, rows, UNFINISHED)


def lose(errors: Iterable[tuple[Execution, str]], now: datetime) -> None:
    """Mark runs as lost, each with its error. The caller holds them locked."""
    told = {"status": Status.LOST, "finished_at": now}
    update_rows(Execution, [{"id": each.pk, "error": error, **told} for each, error in errors])


def _check(verb: str, status: Status) -> Status:
    if status not in _AFTER[verb]:
        raise ValueError(f"“{verb}” leads to no status {status!r}.")
    return status
