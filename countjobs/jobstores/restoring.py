"""Restoring locked rows: to jobs, and to what their runs call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from apscheduler.job import Job
from django_apscheduler.models import DjangoJob

from countjobs.jobstores.rows import RUN_DEFINITION, load_definitions
from countjobs.jobstores.signing import UnreadableJobError, unseal
from countjobs.models import JobDefinition

EXECUTORS = ("default",)
"""The names of those that carry out claims."""


@dataclass
class Taken:
    """A locked row of the job store, restored."""

    row: DjangoJob
    job: Job
    definition: JobDefinition | None
    is_used: bool = False

    def call(self, parameters: Mapping[str, Any]) -> Callable[[], object]:
        """What a run calls. Nothing that it does to its arguments, or fields, meets another run."""
        if self.definition is None:
            own = unseal(self.row.id, bytes(self.row.job_state))
            return partial(own.func, *own.args, **own.kwargs)
        definition = deepcopy(self.definition) if self.is_used or parameters else self.definition
        self.is_used = True
        for name, value in parameters.items():
            setattr(definition, name, value)
        return definition.run


def restore(
    rows: Iterable[DjangoJob],
) -> tuple[dict[str, Taken], list[tuple[DjangoJob, str]]]:
    """Rows by their ids, restored with one query a kind of definition; and those that can't be,
    with the reasons.
    """
    jobs: dict[str, tuple[DjangoJob, Job]] = {}
    broken: list[tuple[DjangoJob, str]] = []
    for row in rows:
        try:
            jobs[row.id] = row, _readable(row)
        except UnreadableJobError as error:
            broken.append((row, str(error)))
    keys = {key: _definition_key(job) for key, (_, job) in jobs.items()}
    definitions = load_definitions(key for key in keys.values() if key)
    restored = {}
    for job_id, (row, job) in jobs.items():
        definition = definitions.get(keys[job_id] or ("", ""))
        if keys[job_id] and definition is None:
            broken.append((row, "The definition of this job is gone. Run syncjobs."))
        else:
            restored[job_id] = Taken(row, job, definition)
    return restored, broken


def _readable(row: DjangoJob) -> Job:
    job = _unseal(row.id, bytes(row.job_state))
    if job.executor not in EXECUTORS:
        # The loop would delete it.
        raise UnreadableJobError(f"There is no executor “{job.executor}”.")
    return job


@lru_cache(maxsize=5_000)
def _unseal(job_id: str, state: bytes) -> Job:
    """Restored jobs are never changed, so that rows whose state is the same share one."""
    return unseal(job_id, state)


def _definition_key(job: Job) -> tuple[str, str] | None:
    return (str(job.args[0]), str(job.args[1])) if job.func_ref == RUN_DEFINITION else None
