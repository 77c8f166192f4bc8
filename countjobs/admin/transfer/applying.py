"""Doing what a dry run has shown, all of it or nothing.

The dry run's page carries the file, and a digest of what was shown, to the confirmation. Both are
signed, so nobody can confirm what this site hasn't shown; and compressed, since a form may be no
longer than `DATA_UPLOAD_MAX_MEMORY_SIZE`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, field
from operator import attrgetter
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, models
from django.http import HttpRequest
from django.utils.translation import gettext as _

from countjobs.admin.changes import log_added, log_changed
from countjobs.admin.transfer.dry_run import Plan, dry_run
from countjobs.database.deadlocks import again_after_deadlock
from countjobs.models import JobDefinition
from countjobs.models.writes import saved_together
from countjobs.text import describe
from countjobs.transfer.entries import Entry, State
from countjobs.transfer.format import label_of
from countjobs.transfer.reading import refusal

_REST_OF_THE_FORM = 16 * 1024


@dataclass(frozen=True)
class Carried:
    """A file whose dry run was shown."""

    text: str
    digest: str
    refused: dict[str, str] = field(default_factory=dict)
    """What the database refused, by name, with the reason."""

    def pack(self, model: type[models.Model]) -> str:
        """As text for a form. Raises ValidationError if it is too long for one."""
        packed = signing.dumps(asdict(self), salt=_salt(model), compress=True)
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if most is not None and len(packed) > most - _REST_OF_THE_FORM:
            raise refusal("long")
        return packed


def unpack(packed: str, model: type[models.Model]) -> Carried:
    """What was packed for a kind. Raises BadSignature for anything else."""
    return Carried(**signing.loads(packed, salt=_salt(model)))


def _salt(model: type[models.Model]) -> str:
    return f"countjobs.transfer.{label_of(model)}"


class NotAppliedError(Exception):
    """Nothing was saved. The message says why, and the plan what an import would do now."""

    def __init__(self, message: str, plan: Plan, refused: dict[str, str]) -> None:
        super().__init__(message)
        self.plan = plan
        self.refused = refused


class _EntryRefusedError(Exception):
    """The database, or the definition's own `save`, refused an entry."""


def apply(
    model_admin: admin.ModelAdmin[Any], request: HttpRequest, carried: Carried, *, leave_out: bool
) -> Plan:
    """Save what was shown, in one transaction, and log each change in the history.

    `leave_out` leaves out what is refused. Raises NotAppliedError, or ValidationError if the whole
    file is refused.
    """
    try:
        return _apply(model_admin, request, carried, leave_out=leave_out)
    except _EntryRefusedError as error:
        refused = carried.refused | dict([error.args])
    message = _("Nothing was imported, because an entry was refused. See the new dry run below.")
    plan = dry_run(model_admin, request, carried.text, refused=carried.refused)
    if plan.digest() != carried.digest:  # another took the name, say
        raise NotAppliedError(message, plan, carried.refused)
    plan = dry_run(model_admin, request, carried.text, refused=refused)
    raise NotAppliedError(message, plan, refused)


@again_after_deadlock
@saved_together()
def _apply(
    model_admin: admin.ModelAdmin[Any], request: HttpRequest, carried: Carried, *, leave_out: bool
) -> Plan:
    plan = dry_run(model_admin, request, carried.text, refused=carried.refused, lock=True)
    if plan.digest() != carried.digest:
        message = _(
            "Nothing was imported, because something has changed meanwhile."
            " See the new dry run below."
        )
        raise NotAppliedError(message, plan, carried.refused)
    if plan.having(State.REFUSED) and not leave_out:
        message = _(
            "Nothing was imported, because entries were refused. To import the others, tick"
            " “Leave out refused entries”."
        )
        raise NotAppliedError(message, plan, carried.refused)
    # By name: two imports that add the same names, each in its own order, may end in a deadlock.
    for entry in sorted(plan.to_save, key=attrgetter("name")):
        _save(entry)
    _log(request, plan)
    return plan


def _save(entry: Entry) -> None:
    try:
        entry.definition.save()
    except (IntegrityError, DataError, ValidationError, TypeError, ValueError) as error:
        raise _EntryRefusedError(entry.name, describe(error)) from error


def _log(request: HttpRequest, plan: Plan) -> None:
    """As the admin's form would, but entries with the same message in one go."""
    if added := [entry.definition for entry in plan.having(State.ADDED)]:
        log_added(request.user.pk, added)
    same: defaultdict[tuple[bool, tuple[str, ...]], list[JobDefinition]] = defaultdict(list)
    for entry in plan.having(State.CHANGED):
        names = tuple(change.field for change in entry.changes)
        same[entry.definition.enabled, names].append(entry.definition)
    for (enabled, names), changed in same.items():
        log_changed(request.user.pk, changed, names, enabled=enabled)
