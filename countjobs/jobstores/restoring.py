"""Restores locked rows: makes jobs from them, and the functions that their runs call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache, lru_cache, partial
from typing import Any, TypeAlias

from apscheduler.job import Job
from django.apps import apps
from django.db import Error
from django.utils.translation import gettext as _

from countjobs.conf import DEFAULT_EXECUTOR, Conf
from countjobs.functions.tasks import enqueue
from countjobs.jobstores.questions import JobRow
from countjobs.jobstores.rows import RUN_DEFINITION, job_of, load_definitions
from countjobs.jobstores.signing import ForeignJobError, UnreadableJobError, unseal
from countjobs.models import CommandJob, FunctionJob, JobDefinition
from countjobs.models.json_values import set_from_json
from countjobs.models.kinds import definition_key, not_overridable
from countjobs.text import describe

_DefinitionKey: TypeAlias = tuple[str, str]


@dataclass(slots=True)
class Taken:
    """A locked row of the job store, restored."""

    row: JobRow
    job: Job
    definition: JobDefinition | None
    is_used: bool = False

    @property
    def is_paused(self) -> bool:
        """Whether somebody paused it. A schedule that is over doesn't count."""
        return self.definition is not None and not self.definition.enabled

    def call(self, parameters: Mapping[str, Any]) -> Callable[[], object]:
        """What a run calls. What it does to its arguments or fields doesn't affect other runs.

        Raises whatever the parameters are refused with.
        """
        if self.definition is None:
            if parameters:
                raise TypeError("A job from code takes no parameters.")
            return partial(_call_anew, self.row)
        if parameters and (refused := not_overridable(type(self.definition), parameters)):
            raise TypeError(
                f"A run of this kind of job can't be given a value for {', '.join(refused)}."
            )
        definition = deepcopy(self.definition) if self.is_used or parameters else self.definition
        self.is_used = True
        for name, value in parameters.items():
            set_from_json(definition, name, value)
        definition.validate_run()
        definition.hand_to_run(parameters)
        return definition.run

    def calls(self, count: int) -> list[Callable[[], object]]:
        """The same for several runs. Preparing all at once is costly, so each prepares itself when
        its turn comes.
        """
        if count == 1 or self.definition is None:
            return [self.call({}) for _ in range(count)]
        untouched = deepcopy(self.definition)
        untouched.validate_run()
        untouched.hand_to_run()
        return [partial(_run_copy, untouched)] * count


def _call_anew(row: JobRow) -> object:
    job = unseal(row.id, row.job_state)
    return job.func(*job.args, **job.kwargs)


def _run_copy(definition: JobDefinition) -> object:
    return deepcopy(definition).run()


CALLERS = {
    *(_call_anew.__code__, _run_copy.__code__),
    *(FunctionJob.run.__code__, enqueue.__code__, CommandJob.run.__code__),
}
"""Their frames lie between those of an executor and those of a job."""


class KindError(Exception):
    """The definitions of a kind can't be read: its table is at fault, not a job. Has a cause."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.label = label


@dataclass(frozen=True)
class Strange:
    """A row that is left as it is: this process doesn't know it."""

    job_id: str
    reason: str
    kind: str = ""
    """The label of the unknown kind of definition, if that is why."""
    is_foreign: bool = False
    """Whether another program wrote it."""


@dataclass
class Restored:
    """What became of locked rows."""

    jobs: dict[str, Taken] = field(default_factory=dict)
    broken: list[tuple[JobRow, str]] = field(default_factory=list)
    """With the reasons."""
    strange: list[Strange] = field(default_factory=list)
    to_write: list[JobDefinition] = field(default_factory=list)
    """Definitions whose rows have to be rewritten. They run all the same."""


def restore(rows: Iterable[JobRow], is_left: Callable[[JobRow, bool], bool]) -> Restored:
    """Restore rows, with one query per kind of definition. Raises KindError.

    Args:
        rows: What is locked.
        is_left: Tells whether to leave a row of ours, which can't be read here, to others. It is
            called with the row, and whether that is a definition's that is known here.
    """
    found = Restored()
    readable: list[tuple[JobRow, Job | None, _DefinitionKey | None]] = []
    for row in rows:
        try:
            job, key = _unseal(row.id, row.job_state)
        except UnreadableJobError as error:
            key = _key_of(row.id)
            if _sort_out(row, error, key, is_left, found):
                readable.append((row, None, key))
            continue
        if key and not _is_known(key[0]):
            reason = _("This scheduler doesn't know jobs of the kind “%(kind)s”.")
            found.strange.append(Strange(row.id, reason % {"kind": key[0]}, kind=key[0]))
        else:
            readable.append((row, job, key))
    definitions, errors = _load(key for _row, _job, key in readable if key)
    for row, job, key in readable:
        if key is None or key in definitions:
            _restore_one(row, job, definitions[key] if key else None, found)
        else:
            gone = _("The definition of this job no longer exists. Run syncjobs.")
            found.broken.append((row, errors.get(key, gone)))
    return found


def _sort_out(
    row: JobRow,
    error: UnreadableJobError,
    key: _DefinitionKey | None,
    is_left: Callable[[JobRow, bool], bool],
    found: Restored,
) -> bool:
    """Decide about a row that can't be read. True: its definition says what it should hold."""
    is_foreign = isinstance(error, ForeignJobError)
    if is_foreign and key is None:
        found.strange.append(Strange(row.id, str(error), is_foreign=True))
    elif not is_foreign and is_left(row, key is not None):
        found.strange.append(Strange(row.id, str(error)))
    elif key is None:
        found.broken.append((row, str(error)))
    else:
        return True
    return False


def _restore_one(
    row: JobRow, job: Job | None, definition: JobDefinition | None, found: Restored
) -> None:
    if job is None and definition is not None:
        try:
            job = checked(job_of(definition))
        except Exception as error:  # nobody has validated its fields
            found.broken.append((row, describe(error)))
            return
        found.to_write.append(definition)
    found.jobs[row.id] = Taken(row, job, definition)


def _key_of(job_id: str) -> _DefinitionKey | None:
    """The definition that an id belongs to, if its kind is known here."""
    known = definition_key(job_id)
    return (known[0]._meta.label_lower, str(known[1])) if known else None


@cache
def _is_known(label: str) -> bool:
    try:
        return issubclass(apps.get_model(label), JobDefinition)
    except (LookupError, ValueError):
        return False


def _load(
    keys: Iterable[_DefinitionKey],
) -> tuple[dict[_DefinitionKey, JobDefinition], dict[_DefinitionKey, str]]:
    """Definitions, and the errors of those that are there but can't be loaded."""
    by_label: dict[str, list[_DefinitionKey]] = {}
    for key in keys:
        by_label.setdefault(key[0], []).append(key)
    found: dict[_DefinitionKey, JobDefinition] = {}
    errors: dict[_DefinitionKey, str] = {}
    for label, of_kind in by_label.items():
        try:
            try:
                found |= load_definitions(of_kind)
            except Error:
                raise
            except Exception:  # one of them has a value that its field refuses, say
                for key in of_kind:
                    found |= _load_one(key, errors)
        except Error as error:
            raise KindError(label) from error
    return found, errors


def _load_one(
    key: _DefinitionKey, errors: dict[_DefinitionKey, str]
) -> dict[_DefinitionKey, JobDefinition]:
    try:
        return load_definitions([key])
    except Error:
        raise
    except Exception as error:
        errors[key] = describe(error)
        return {}


@lru_cache(maxsize=20_000)
def _unseal(job_id: str, state: bytes) -> tuple[Job, _DefinitionKey | None]:
    """A job, and the definition that it belongs to.

    Restored jobs are never changed, so rows with the same state share one.
    """
    job = unseal(job_id, state)
    if job.func_ref != RUN_DEFINITION:
        return checked(job), None
    key = str(job.args[0]), str(job.args[1])
    return (checked(job) if _is_known(key[0]) else job), key


def checked(job: Job) -> Job:
    """A job that can be handed to an executor. Raises UnreadableJobError."""
    if job.executor != DEFAULT_EXECUTOR and job.executor not in Conf.load().executor_confs():
        # The loop would delete it.
        raise UnreadableJobError(_("There is no executor “%(name)s”.") % {"name": job.executor})
    return job
