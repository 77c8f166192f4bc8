"""What is wrong and concerns everybody who may see the pages: the red banner says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from countjobs.admin.agreement import differing_rows
from countjobs.admin.display import link
from countjobs.admin.links import Links, site_of
from countjobs.admin.lookup import visible_definitions_of
from countjobs.models import Execution, JobDefinition, ParkedJob, SchedulerNode
from countjobs.models.definitions import concrete_definitions
from countjobs.text import visible

_MOST_NAMES = 5


@dataclass(frozen=True)
class Alerts:
    """What the banner tells one user."""

    no_scheduler: bool = False
    broken: tuple[SafeString, ...] = ()
    more_url: str = ""
    more: bool = False
    differing: int = 0
    """Rows of the job store that don't agree with their definitions."""

    def __bool__(self) -> bool:
        return self.no_scheduler or bool(self.broken) or bool(self.differing)


def alerts_for(request: HttpRequest) -> Alerts:
    """What is wrong, as far as the user may know.

    At most two queries while nothing is, and some more once a minute.
    """
    links = Links(request, site_of(request))
    kinds = [model for model in concrete_definitions() if links.may_view(model)]
    if not kinds and not any(map(links.may_view, (Execution, SchedulerNode, ParkedJob))):
        return Alerts()
    now = timezone.now()
    parked = list(_visible(links, kinds)[: _MOST_NAMES + 1])
    return Alerts(
        no_scheduler=not SchedulerNode.objects.alive(now).exists(),
        broken=tuple(_names(parked[:_MOST_NAMES], links)),
        more_url=links.to_list(ParkedJob),
        more=len(parked) > _MOST_NAMES,
        differing=differing_rows(kinds, now) if kinds else 0,
    )


def _visible(links: Links, kinds: list[type[JobDefinition]]) -> Any:
    if links.may_view(ParkedJob):
        return ParkedJob.objects.all()
    wanted = Q(pk__in=[])
    for kind in kinds:
        wanted |= Q(job_id__startswith=kind.job_id_of(""))
    return ParkedJob.objects.filter(wanted)


def _names(parked: list[ParkedJob], links: Links) -> list[SafeString]:
    definitions = visible_definitions_of((job.job_id for job in parked), links)
    return [_name(job, definitions.get(job.job_id), links) for job in parked]


def _name(parked: ParkedJob, definition: JobDefinition | None, links: Links) -> SafeString:
    if definition is None:
        return link(links.to_object(ParkedJob, parked.job_id), visible(parked.job_id))
    return link(links.to_object(type(definition), definition.pk), str(definition))
