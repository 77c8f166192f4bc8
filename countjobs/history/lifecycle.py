"""The life of a run: every change of an execution's status is a verb of this module.

`transitions` lists them. Tests check that no other module writes a status.

Several schedulers and people may want to change the same run. So `begin`, `put_off`, `give_back`,
`cancel`, `end_waiting` and `ask_to_stop` change a run only if its status, and for the first three
its scheduler, are still what they expect. Whoever comes second changes nothing, and can tell that
from what the verb returns. `finish` asks for the status alone: it never overwrites what has ended.
`answer` and `lose` don't check, because their callers hold the rows locked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, models, transaction

from countjobs.database.rowsets import insert_rows, update_rows
from countjobs.database.turns import own_turn
from countjobs.history.run_outcome import Outcome
from countjobs.history.transitions import checked
from countjobs.models.executions import UNFINISHED, Execution, Status, Trigger

Row = dict[str, Any]
"""The values of a run, by the names of its columns."""


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
    inserted; that time is the database's text. Raises django.db.Error.
    """
    for row in rows:
        checked("claim", row["status"])
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


@dataclass(frozen=True)
class Again:
    """A run that has ended, and whose next attempt is to be queued."""

    ended: Execution
    not_before: datetime | None
    """When the next attempt may begin. None: at once."""


def retry(again: Iterable[Again]) -> None:
    """Queue the next attempt of each run: due at the same time, with the same parameters.

    The caller writes how these runs ended, in the same transaction.
    """
    fields = Execution._meta.concrete_fields
    names = [each.attname for each in fields if not each.primary_key and not each.generated]
    rows = []
    before = {}
    for each in again:
        run = each.ended
        first = run.first_attempt or run.pk
        attempt = Execution(
            job_id=run.job_id,
            job_name=run.job_name,
            status=Status.QUEUED,
            trigger=Trigger.RETRY,
            scheduled_at=run.scheduled_at,
            attempt=run.attempt + 1,
            first_attempt=first,
            not_before=each.not_before,
            requested_by=run.requested_by,
            parameters=run.parameters,
        )
        rows.append({name: getattr(attempt, name) for name in names})
        before[first] = run.pk
    queued = insert_rows(Execution, rows, ["id", "first_attempt"])
    update_rows(Execution, [{"id": before[first], "next_attempt": pk} for pk, first in queued])


def record_here(**values: Any) -> Execution:
    """Record a run that has ended, and that no scheduler ran."""
    checked("record_here", values["status"])
    return Execution.objects.create(**values)


def taken(execution: Execution, node: str) -> Row:
    """The answer to a waiting run: this scheduler takes it."""
    return _answer(execution, node, Status.QUEUED)


def refused(execution: Execution, node: str, status: Status, error: str, now: datetime) -> Row:
    """The answer to a waiting run: it ends without starting."""
    return _answer(execution, node, status, finished_at=now, error=error)


def _answer(execution: Execution, node: str, status: Status, **values: Any) -> Row:
    empty = {"started_at": None, "finished_at": None, "error": ""}
    return {
        "id": execution.pk,
        "status": checked("answer", status),
        "node": node,
        **empty,
        **values,
    }


def answer(rows: Sequence[Row]) -> None:
    """Write the answers to waiting runs, which the caller holds locked."""
    update_rows(Execution, rows)
    _end_chains_before([row["id"] for row in rows if row["status"] == Status.CANCELLED])


def give_back(node: str, *, but: Collection[int] = ()) -> int:
    """Let any scheduler take what one had claimed but not started. Returns how many."""
    queued = Execution.objects.active().filter(node=node, status=Status.QUEUED)
    return (queued.exclude(pk__in=but) if but else queued).update(node="")


def cancel(pks: Collection[int], reason: str, now: datetime, by: str = "") -> int:
    """End those of these runs that have not started. Returns how many.

    A scheduler may have claimed one already. It asks again before it starts a run, and then leaves
    this one alone.
    """
    queued = Execution.objects.active().filter(pk__in=pks, status=Status.QUEUED)
    with own_turn(), transaction.atomic():
        locked = list(queued.select_for_update().order_by("pk").values_list("pk", flat=True))
        Execution.objects.filter(pk__in=locked).update(
            status=Status.CANCELLED,
            finished_at=now,
            error=reason,
            cancel_requested_at=now,
            cancel_requested_by=by[:255],
        )
        _end_chains_before(locked)
    return len(locked)


def end_waiting(job_ids: Collection[str], reason: str, now: datetime) -> list[int]:
    """Cancel the retries of these jobs that wait. The caller has a transaction.

    What another scheduler is taking at this moment is left to it. Returns the keys of the attempts
    before them: their chains end with those now.
    """
    skips = connection.features.has_select_for_update_skip_locked
    waiting = Execution.objects.waiting_attempts(job_ids).order_by("job_id", "pk")
    pks = list(waiting.select_for_update(skip_locked=skips).values_list("pk", flat=True))
    if not pks:
        return []
    Execution.objects.filter(pk__in=pks).update(
        status=Status.CANCELLED, finished_at=now, error=reason
    )
    return _end_chains_before(pks)


def _end_chains_before(cancelled: Collection[int]) -> list[int]:
    """These runs were cancelled before they started: the attempts before them end their chains.

    Returns the keys of those.
    """
    attempts = Execution.objects.filter(pk__in=cancelled, first_attempt__isnull=False)
    if not (firsts := list(attempts.values_list("first_attempt", flat=True))):
        return []
    chains = models.Q(pk__in=firsts) | models.Q(first_attempt__in=firsts)
    before = Execution.objects.filter(chains, next_attempt__in=cancelled)
    ends = list(before.values_list("pk", flat=True))
    Execution.objects.filter(pk__in=ends).update(next_attempt=None)
    return ends


def ask_to_stop(runs: models.QuerySet[Execution], by: str, now: datetime) -> int:
    """Ask those of these runs to stop that go on. Returns how many.

    Their schedulers see that within a second. Who has asked first is remembered.
    """
    asked = runs.filter(
        status=Status.RUNNING, finished_at__isnull=True, cancel_requested_at__isnull=True
    )
    with own_turn():
        return asked.update(cancel_requested_at=now, cancel_requested_by=by[:255])


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


def ended(outcome: Outcome, note: str = "") -> Row:
    """How a run went, for `finish`. The note follows its error."""
    return {
        "id": outcome.execution_id,
        "status": outcome.status,
        "started_at": outcome.started_at,
        "finished_at": outcome.finished_at,
        "output": outcome.output,
        "error": f"{outcome.error} {note}" if note else outcome.error,
        "traceback": outcome.traceback,
    }


def finish(rows: Sequence[Row]) -> list[int]:
    """Write how runs went, in one statement. Returns those written. Raises django.db.Error.

    What another scheduler has settled, as lost for example, is not overwritten. A run that is
    queued is: a server that failed over may have lost the mark that it had started.
    """
    for row in rows:
        checked("finish", row["status"])
    with own_turn():
        return update_rows(Execution, rows, UNFINISHED)


def lose(errors: Iterable[tuple[Execution, str]], now: datetime) -> None:
    """Mark runs as lost, each with its error. The caller holds them locked."""
    told = {"status": Status.LOST, "finished_at": now}
    update_rows(Execution, [{"id": each.pk, "error": error, **told} for each, error in errors])
