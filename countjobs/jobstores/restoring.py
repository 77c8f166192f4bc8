"""Restoring locked rows: to jobs, and to what their runs call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, TypeAlias

from apscheduler.job import Job
from django.db import models
from django.utils.translation import gettext as _

from countjobs.jobstores.questions import JobRow
from countjobs.jobstores.rows import RUN_DEFINITION, load_definitions
from countjobs.jobstores.signing import UnreadableJobError, unseal
from countjobs.models import JobDefinition
from countjobs.models.overrides import not_overridable

_DefinitionKey: TypeAlias = tuple[str, str]

EXECUTORS = ("default",)
"""The names of those that carry out claims."""


@dataclass(slots=True)
class Taken:
    """A locked row of the job store, restored."""

    row: JobRow
    job: Job
    definition: JobDefinition | None
    is_used: bool = False

    @property
    def is_paused(self) -> bool:
        """Whether somebody paused it, and not just its schedule is over."""
        return self.definition is not None and not self.definition.enabled

    def call(self, parameters: Mapping[str, Any]) -> Callable[[], object]:
        """What a run calls. Nothing that it does to its arguments, or fields, meets another run.

        Raises whatever the parameters are refused with.
        """
        if self.definition is None:
            if parameters:
                raise TypeError("A job from code takes no parameters.")
            return partial(_call_anew, self.row)
        if parameters and (refused := not_overridable(type(self.definition), parameters)):
            raise TypeError(f"A run of this kind of job may not set {', '.join(refused)}.")
        definition = deepcopy(self.definition) if self.is_used or parameters else self.definition
        self.is_used = True
        for name, value in parameters.items():
            setattr(definition, name, _of_field(definition, name, value))
        return definition.run

    def calls(self, count: int) -> list[Callable[[], object]]:
        """The same for several runs, which are costly to prepare all at once: each does it when
        its turn has come.
        """
        if count == 1 or self.definition is None:
            return [self.call({}) for _ in range(count)]
        untouched = deepcopy(self.definition)
        return [partial(_run_copy, untouched)] * count


def _of_field(definition: JobDefinition, name: str, value: Any) -> Any:
    """What a field holds, of what JSON has for it: a date, for one, is a text there.

    Raises FieldDoesNotExist.
    """
    field = definition._meta.get_field(name)
    return field.to_python(value) if isinstance(field, models.Field) else value


def _call_anew(row: JobRow) -> object:
    job = unseal(row.id, row.job_state)
    return job.func(*job.args, **job.kwargs)


def _run_copy(definition: JobDefinition) -> None:
    deepcopy(definition).run()


def restore(
    rows: Iterable[JobRow],
) -> tuple[dict[str, Taken], list[tuple[JobRow, str]]]:
    """Rows by their ids, restored with one query a kind of definition; and those that can't be,
    with the reasons.
    """
    readable: list[tuple[JobRow, Job, _DefinitionKey | None]] = []
    broken: list[tuple[JobRow, str]] = []
    for row in rows:
        try:
            readable.append((row, *_unseal(row.id, row.job_state)))
        except UnreadableJobError as error:
            broken.append((row, str(error)))
    definitions = load_definitions(key for _, _, key in readable if key)
    restored = {}
    for row, job, key in readable:
        definition = definitions.get(key) if key else None
        if key and definition is None:
            broken.append((row, _("The definition of this job is gone. Run syncjobs.")))
        else:
            restored[row.id] = Taken(row, job, definition)
    return restored, broken


@lru_cache(maxsize=20_000)
def _unseal(job_id: str, state: bytes) -> tuple[Job, _DefinitionKey | None]:
    """A job, and which definition it is of.

    Restored jobs are never changed, so that rows whose state is the same share one.
    """
    job = unseal(job_id, state)
    if job.executor not in EXECUTORS:
        # The loop would delete it.
        raise UnreadableJobError(_("There is no executor “%(name)s”.") % {"name": job.executor})
    of_definition = job.func_ref == RUN_DEFINITION
    return job, (str(job.args[0]), str(job.args[1])) if of_definition else None
