"""Which input a field of a definition has in its form, beyond what its type says."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext

from countjobs.admin.definitions.widgets import GroupInput, ScheduleTypeInput, ZoneInput
from countjobs.admin.links import Links
from countjobs.models.kinds import groups_of

_MOMENTS = ("start_date", "end_date", "run_at")


def input_of(
    field: models.Field[Any, Any], request: HttpRequest, site: admin.AdminSite
) -> dict[str, Any]:
    """What is passed to the form field of a definition's field, by its name."""
    if field.name == "timezone":
        return {"widget": ZoneInput}
    if field.name == "schedule_type":
        return {"widget": ScheduleTypeInput, "required": False}  # a post without it keeps it
    if field.name == "group":
        return {"widget": GroupInput(partial(groups_of, Links(request, site).visible_kinds()))}
    if field.name in _MOMENTS:
        zone = timezone.get_current_timezone_name()
        return {"help_text": gettext("In this site's time zone, %s.") % zone}
    return {}
