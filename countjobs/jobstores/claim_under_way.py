"""One claim under way: what it knows of the jobs, and what it has taken so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, TypeAlias

from django.core.exceptions import ValidationError

from countjobs.functions.callees import is_known
from countjobs.jobstores.claimed import ClaimedJob
from countjobs.jobstores.neighbours import callees_told
from countjobs.jobstores.passed import NOTHING, PassedOver
from countjobs.jobstores.plan import NotRun
from countjobs.jobstores.questions import JobRow
from countjobs.jobstores.restoring import Strange, Taken
from countjobs.models import JobDefinition, ParkedJob
from countjobs.models.validity import sentences
from countjobs.run_context import Run
from countjobs.text import storable

Call: TypeAlias = Callable[[], object]


@dataclass
class Claims:
    """What a claim took, and what it recorded as not run."""

    jobs: list[ClaimedJob] = field(default_factory=list)
    not_run: list[tuple[str, NotRun]] = field(default_factory=list)
    parked: list[ParkedJob] = field(default_factory=list)
    strange: list[Strange] = field(default_factory=list)
    """Rows that were left as they are."""
    to_write: list[JobDefinition] = field(default_factory=list)
    """Definitions whose rows have to be rewritten."""
    no_room: list[tuple[str, str]] = field(default_factory=list)
    """Executors that have no room, each with a job that was left because of that."""


def _never(row: JobRow, is_definition: bool) -> bool:
    return False


@dataclass
class ClaimUnderWay:
    """What the parts of a claim share."""

    now: datetime
    node: str
    busy: Counter[str]
    """How many runs of each job go on, here and elsewhere."""
    rooms: Mapping[str, int] | None = None
    """How many jobs each executor may still take. None: as many as there are."""
    passed: PassedOver = NOTHING
    is_left: Callable[[JobRow, bool], bool] = _never
    """Whether to leave a row that can't be run here to others: see `left_to_others`."""
    claims: Claims = field(default_factory=Claims)
    moved: list[dict[str, Any]] = field(default_factory=list)
    """Rows of the job store to write."""
    over: list[str] = field(default_factory=list)
    """Jobs from code that have no more fire times."""
    broken: dict[str, str] = field(default_factory=dict)
    """Why jobs are broken."""
    attempts: set[str] = field(default_factory=set)
    """Jobs that have a retry that waits."""
    begun: set[str] = field(default_factory=set)
    """Jobs with `coalesce` of which a fire time begins: it stands for the retries that wait."""

    def __post_init__(self) -> None:
        self._taken_of: Counter[str] = Counter()

    def take_room(self, job_id: str, executor: str) -> bool:
        """Take room for a job in its executor. Returns False if there is none."""
        if self.rooms is None:
            return True
        if self._taken_of[executor] >= self.rooms.get(executor, 0):
            self.claims.no_room.append((executor, job_id))
            return False
        self._taken_of[executor] += 1
        return True

    def leaves(self, taken: Taken, refused: ValidationError) -> bool:
        """Whether a definition that was refused, as its code is here, is left to others.

        While a release is rolled out, the code differs from scheduler to scheduler. One that knows
        the function takes the job; one whose function takes other arguments may.
        """
        definition = taken.definition
        if definition is None or not definition.callee:
            return False
        if is_known(definition.callee):
            is_left = self.is_left(taken.row, False)
        else:
            is_left = definition.callee in self._told
        if is_left:
            reason = " ".join(sentences(refused))
            self.claims.strange.append(Strange(taken.row.id, storable(reason)))
        return is_left

    @cached_property
    def _told(self) -> set[str]:
        """What others can call. It is asked once, for however many are refused."""
        return callees_told(self.now)

    def park(self, broken: list[tuple[JobRow, str]], known: Mapping[str, ParkedJob]) -> None:
        """Park jobs. One that is parked already keeps its reason."""
        for row, error in broken:
            if row.next_run_time is None and row.id in known:
                self.broken[row.id] = known[row.id].error
                continue
            self.broken[row.id] = reason = storable(error)
            self.moved.append({"id": row.id, "next_run_time": None})
            parked = ParkedJob(job_id=row.id, error=reason, parked_at=self.now)
            self.claims.parked.append(parked)


def run_of(taken: Taken, execution_id: int, at: datetime, call: Call, attempt: int = 1) -> Run:
    """A run that a claim took, with what its definition says about it."""
    job, definition = taken.job, taken.definition
    if definition is None:
        return Run(execution_id, job.id, job.name, at, call, attempt)
    limit, has_rules = definition.time_limit, definition.has_rules
    return Run(execution_id, job.id, job.name, at, call, attempt, limit, has_rules)
