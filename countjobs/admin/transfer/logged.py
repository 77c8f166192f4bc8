"""What an import leaves in the admin's history of changes."""

from __future__ import annotations

from collections import defaultdict

from django.http import HttpRequest

from countjobs.admin.changes import log_added, log_changed
from countjobs.models import JobDefinition
from countjobs.transfer.dry_run import Plan
from countjobs.transfer.entries import State


def log_import(request: HttpRequest, plan: Plan) -> None:
    """As the admin's form would, but entries with the same message in one go."""
    if added := [entry.definition for entry in plan.having(State.ADDED)]:
        log_added(request.user.pk, added)
    same: defaultdict[tuple[str, bool, tuple[str, ...]], list[JobDefinition]] = defaultdict(list)
    for entry in plan.having(State.CHANGED):
        names = tuple(change.field for change in entry.changes)
        same[entry.label, entry.definition.enabled, names].append(entry.definition)
    for (_label, enabled, names), changed in same.items():
        log_changed(request.user.pk, changed, names, enabled=enabled)
