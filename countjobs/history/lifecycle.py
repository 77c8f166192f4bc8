"""The life of a run: every change of an execution's status is a verb of this module.

TRANSITIONS is the whole of it: which verb leads from which status to which, and who uses it. The
diagram in docs/states.md says the same, and no other module writes a status; tests hold both.

Several schedulers and people want to change the same run. So a verb changes a run only if its
status, and its scheduler, are still those that the verb begins with. Whoever comes second changes
nothing, and can tell from what the verb returns. Two verbs don't ask, since their callers hold the
rows locked: `answer` and `lose`.
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
"""Values of an execution by the names of its columns."""


@dataclass(frozen=True)
class Transition:
    """What one verb may do."""

    verb: str
    before: tuple[Status, ...]
    """Empty: it makes a new execution."""
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
        (Status.RUNNING,),
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


def due(
    job_id: str, job_name: str, at: datetime, folded: int, *, status: Status = Status.QUEUED
) -> Row:
    """A fire time for `claim`: a run, unless the status says that there is none.

    It stands for so many earlier ones that are `folded` into it.
    """
    return {
        "job_id": job_id,
        "job_name": job_name,
        "status": status,
        "scheduled_at": at,
        "finished_at": None,
        "error": "",
        "folded": folded,
    }


def claim(node: str, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    """Insert what a scheduler takes of fire times, as `due` gives it. It may be there already.

    Returns of each row inserted its id, the job's id, and when it is due. Raises django.db.Error.
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
    """Queue the next attempt of each: for the same moment, with all that was asked for."""
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
    """Record a run that has ended where it was asked for, in no scheduler."""
    _check("record_here", values["status"])
    return Execution.objects.create(**values)


def taken(execution: Execution, node: str) -> Row:
    """The answer to what waits for a scheduler: this one takes it."""
    return _answer(execution, node, Status.QUEUED)


def refused(execution: Execution, node: str, status: Status, error: str, now: datetime) -> Row:
    """The answer to what waits for a scheduler: it ends without having begun."""
    return _answer(execution, node, status, finished_at=now, error=error)


def _answer(execution: Execution, node: str, status: Status, **values: Any) -> Row:
    empty = {"started_at": None, "finished_at": None, "error": ""}
    return {"id": execution.pk, "status": _check("answer", status), "node": node, **empty, **values}


def answer(rows: Sequence[Row]) -> None:
    """Write answers, to executions that the caller holds locked."""
    update_rows(Execution, rows)


def give_back(node: str, *, but: Collection[int] = ()) -> int:
    """Let any scheduler have what one claimed and did not begin. Returns how many there were."""
    queued = Execution.objects.active().filter(node=node, status=Status.QUEUED)
    return (queued.exclude(pk__in=but) if but else queued).update(node="")


def cancel(pk: int, reason: str, now: datetime) -> bool:
    """End an execution that has not begun, for a reason; False where it isn't queued any more.

    A scheduler may have claimed it: it asks again before it begins a run, and leaves this one.
    """
    queued = Execution.objects.active().filter(pk=pk, status=Status.QUEUED)
    with own_turn():
        ended = queued.update(status=Status.CANCELLED, finished_at=now, error=reason)
    return ended == 1


def begin(node: str, execution_ids: Iterable[int], now: datetime) -> list[int]:
    """Mark claimed executions as running, in one statement. Raises django.db.Error.

    Returns those that are ours to start. The others are not any more: we were taken for dead, and
    they were given to another scheduler. To ask twice does no harm.
    """
    return _mark(execution_ids, node=node, status=Status.RUNNING, started_at=now)


def put_off(node: str, execution_ids: Iterable[int]) -> list[int]:
    """Mark executions as waiting again that were marked as running and could not begin yet.

    Returns those that are still ours to start, as `begin` does. Raises django.db.Error.
    """
    return _mark(execution_ids, node=node, status=Status.QUEUED, started_at=None)


def _mark(execution_ids: Iterable[int], **shared: object) -> list[int]:
    rows = [{"id": execution_id} for execution_id in execution_ids]
    with own_turn():
        return update_rows(Execution, rows, f"node = new_node AND {UNFINISHED}", shared)


def finish(rows: Sequence[Row]) -> None:
    """Write how runs went, in one statement. Raises django.db.Error.

    What has been settled by another scheduler (as lost, say) is not written over. A run that is
    queued again is: a server that failed over may have lost the mark that it had begun.
    """
    for row in rows:
        _check("finish", row["status"])
    with own_turn():
        update_rows(Execution, rows, UNFINISHED)


def lose(errors: Iterable[tuple[Execution, str]], now: datetime) -> None:
    """Mark runs as lost that the caller holds locked: for each, what is said of it."""
    told = {"status": Status.LOST, "finished_at": now}
    update_rows(Execution, [{"id": each.pk, "error": error, **told} for each, error in errors])


def _check(verb: str, status: Status) -> Status:
    if status not in _AFTER[verb]:
        raise ValueError(f"“{verb}” leads to no status {status!r}.")
    return status
