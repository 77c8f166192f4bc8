"""Django's history of changes: what it says about definitions, and who has paused one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.admin.options import get_content_type_for_model
from django.utils.translation import override

from countjobs.models import JobDefinition

_ENABLED = "enabled"
_SWITCHED = f'"{_ENABLED}": '
_PAUSED = f"{_SWITCHED}false"
"""What a log entry's JSON contains if `tell_switch` has recorded a pause."""


def log_added(user_pk: object, added: Sequence[JobDefinition]) -> None:
    """Log that somebody has added these."""
    LogEntry.objects.log_actions(str(user_pk), added, ADDITION, [{"added": {}}])


def log_changed(
    user_pk: object, changed: Sequence[JobDefinition], fields: Collection[str], *, enabled: bool
) -> None:
    """Log that somebody has changed these fields of each of these."""
    if not changed:
        return
    with override(None):  # the history translates them for its reader
        names = [str(changed[0]._meta.get_field(each).verbose_name) for each in fields]  # type: ignore[union-attr]  # no relation from elsewhere
    switched = enabled if "enabled" in fields else None
    message = [{"changed": tell_switch({"fields": names}, switched)}]
    LogEntry.objects.log_actions(str(user_pk), changed, CHANGE, message)


def tell_switch(change: dict[str, Any], enabled: bool | None) -> dict[str, Any]:
    """A log entry about changed fields, with the new value of `enabled`, unless that is None.

    Django ignores the value. The names of the fields can't tell: a kind may name `enabled` anew.
    """
    return change if enabled is None else change | {_ENABLED: enabled}


def last_pause(definition: JobDefinition) -> LogEntry | None:
    """The newest change of `enabled` in the admin, if it was a pause. Else code has paused it."""
    entries: Any = LogEntry.objects.filter(
        content_type=get_content_type_for_model(definition),
        object_id=str(definition.pk),
        action_flag=CHANGE,
        change_message__icontains=_SWITCHED,
    )
    found: LogEntry | None = entries.select_related("user").order_by("-action_time", "-pk").first()
    return found if found and _PAUSED in found.change_message else None
