"""Who paused a definition, and when: as Django's own history of changes has it."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import get_content_type_for_model

from countjobs.models import JobDefinition

_SWITCHED = '"enabled"'
"""A log entry lists the labels of changed fields in JSON; that of the form is capitalised."""


def last_switch(definition: JobDefinition) -> LogEntry | None:
    """The newest change of `enabled` in the admin; None where code did it, or nobody."""
    entries: Any = LogEntry.objects.filter(
        content_type=get_content_type_for_model(definition),
        object_id=str(definition.pk),
        action_flag=CHANGE,
        change_message__icontains=_SWITCHED,
    )
    found: LogEntry | None = entries.select_related("user").order_by("-action_time").first()
    return found
