"""Who paused a definition, and when: as Django's own history of changes has it."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import get_content_type_for_model

from countjobs.models import JobDefinition

_ENABLED = "enabled"
_SWITCHED = f'"{_ENABLED}": '
_PAUSED = f"{_SWITCHED}false"
"""As `tell_switch` puts it down, and a log entry has it in JSON."""


def tell_switch(change: dict[str, Any], enabled: bool) -> dict[str, Any]:
    """A log entry's words on changed fields; of `enabled` also which way, which Django ignores."""
    return change | {_ENABLED: enabled} if _ENABLED in change["fields"] else change


def last_pause(definition: JobDefinition) -> LogEntry | None:
    """The newest change of `enabled` in the admin, if it was a pause: else code has paused it."""
    entries: Any = LogEntry.objects.filter(
        content_type=get_content_type_for_model(definition),
        object_id=str(definition.pk),
        action_flag=CHANGE,
        change_message__icontains=_SWITCHED,
    )
    found: LogEntry | None = entries.select_related("user").order_by("-action_time", "-pk").first()
    return found if found and _PAUSED in found.change_message else None
