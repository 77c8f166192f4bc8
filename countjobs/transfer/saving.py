"""Doing what a dry run has shown, all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter
from typing import TypeAlias

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError

from countjobs.database.deadlocks import again_after_deadlock
from countjobs.models.writes import saved_together
from countjobs.text import describe
from countjobs.transfer.dry_run import Plan, dry_run
from countjobs.transfer.entries import Entry, State
from countjobs.transfer.scope import Scope

Then: TypeAlias = Callable[[Plan], object]
"""What else is done in the transaction, once all is saved."""


@dataclass(frozen=True)
class Order:
    """A file that is to be imported."""

    text: str
    digest: str = ""
    """Of the plan that was shown. Empty if nobody was shown any."""
    refused: dict[str, str] = field(default_factory=dict)
    """What the database refused: keys of entries, with the reasons."""


class Why(StrEnum):
    """Why nothing was saved."""

    CHANGED = "changed"
    """Something has changed since the plan was shown."""
    REFUSED = "refused"
    """Entries are refused, and nobody said to leave them out."""
    NOT_TAKEN = "not taken"
    """The database, or a definition's own `save`, refused an entry."""


class NotAppliedError(Exception):
    """Nothing was saved. It has the reason, and the plan: what an import would do now."""

    def __init__(self, why: Why, plan: Plan, refused: dict[str, str]) -> None:
        super().__init__(why)
        self.why = why
        self.plan = plan
        self.refused = refused


class _EntryRefusedError(Exception):
    """The database, or the definition's own `save`, refused an entry."""


def apply(scope: Scope, order: Order, *, leave_out: bool, then: Then = lambda _plan: None) -> Plan:
    """Save what was shown, in one transaction.

    `leave_out` leaves out what is refused. Raises NotAppliedError, or ValidationError if the whole
    file is refused.
    """
    try:
        return _apply(scope, order, leave_out=leave_out, then=then)
    except _EntryRefusedError as error:
        refused = order.refused | dict([error.args])
    plan = dry_run(scope, order.text, refused=order.refused)
    if order.digest and plan.digest() != order.digest:  # another took the name, say
        raise NotAppliedError(Why.NOT_TAKEN, plan, order.refused)
    plan = dry_run(scope, order.text, refused=refused)
    raise NotAppliedError(Why.NOT_TAKEN, plan, refused)


@again_after_deadlock
@saved_together()
def _apply(scope: Scope, order: Order, *, leave_out: bool, then: Then) -> Plan:
    plan = dry_run(scope, order.text, refused=order.refused, lock=True)
    if order.digest and plan.digest() != order.digest:
        raise NotAppliedError(Why.CHANGED, plan, order.refused)
    if plan.having(State.REFUSED) and not leave_out:
        raise NotAppliedError(Why.REFUSED, plan, order.refused)
    # In order: two imports that add the same, each in its own order, may end in a deadlock.
    for entry in sorted(plan.to_save, key=attrgetter("label", "name")):
        _save(entry)
    then(plan)
    return plan


def _save(entry: Entry) -> None:
    try:
        entry.definition.save()
    except (IntegrityError, DataError, ValidationError, TypeError, ValueError) as error:
        raise _EntryRefusedError(entry.key, describe(error)) from error
