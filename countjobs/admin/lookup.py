"""From the ids of jobs back to their definitions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from countjobs.admin.links import Links
from countjobs.database.primary import rows_of
from countjobs.models import JobDefinition
from countjobs.models.kinds import definition_key
from countjobs.triggers import zone_names

_SHOWN = ("name", "timezone", "executor", "retries", "rerun_if_lost")


def definitions_of(job_ids: Iterable[str]) -> dict[str, JobDefinition]:
    """The definitions of jobs by id, with what pages about runs show: one query for each kind.

    Jobs without a definition, deleted or scheduled by code, are left out.
    """
    by_model: dict[type[JobDefinition], set[Any]] = {}
    for job_id in job_ids:
        if key := definition_key(job_id):
            by_model.setdefault(key[0], set()).add(key[1])
    return {
        definition.job_id: definition
        for model, pks in by_model.items()
        for definition in rows_of(model).filter(pk__in=pks).only(*_SHOWN)
    }


def visible_definitions_of(job_ids: Iterable[str], links: Links) -> dict[str, JobDefinition]:
    """Those that the user may see, and so may know the names of."""
    found = definitions_of(job_ids).items()
    return {job_id: each for job_id, each in found if not links.is_hidden(type(each))}


def zone_of(definition: JobDefinition | None) -> tzinfo:
    """The zone to show a definition's times in: the site's, if its own doesn't exist."""
    if definition is not None and definition.timezone in zone_names():
        return ZoneInfo(definition.timezone)
    return timezone.get_current_timezone()
