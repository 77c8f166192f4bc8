"""What the banner says: problems that concern everybody who may see the pages."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from dataclasses import dataclass, field, fields
from typing import Any

from django.apps import apps
from django.db import Error, connection, transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from countjobs.admin.banner.agreement import differing_rows, strangers
from countjobs.admin.banner.cautions import Caution, cautions_for
from countjobs.admin.banner.held import Held, tell_hold
from countjobs.admin.banner.no_room import NoRoom, tell
from countjobs.admin.display import link
from countjobs.admin.links import Links, site_of
from countjobs.admin.lookup import visible_definitions_of
from countjobs.jobstores.room import look
from countjobs.jobstores.strangers import kinds_that_nobody_runs
from countjobs.models import Execution, JobDefinition, ParkedJob, SchedulerNode
from countjobs.models.kinds import concrete_definitions
from countjobs.text import in_one_line, visible

logger = in_one_line(logging.getLogger(__name__))

_MOST_NAMES = 5


@dataclass(frozen=True)
class Alerts:
    """What the banner tells one user."""

    no_scheduler: bool = False
    no_room: NoRoom = field(default_factory=NoRoom)
    broken: tuple[SafeString, ...] = ()
    more_url: str = ""
    more: bool = False
    differing: int = 0
    """Rows of the job store that don't agree with their definitions."""
    cannot_claim: str = ""
    """Why the schedulers that are alive can't start runs, as far as the user may know."""
    unknown_kinds: tuple[str, ...] = ()
    """Kinds of due jobs that no scheduler knows."""
    foreign: int = 0
    """Rows of the job store that something else wrote."""
    cannot_look: bool = False
    """The database refuses the queries."""
    held: Held | None = None
    """That all jobs are held: somebody wants that, so it isn't red."""
    cautions: tuple[Caution, ...] = ()
    """What is no problem of the schedulers, and so isn't red."""

    def __bool__(self) -> bool:
        """Whether there is a problem."""
        others = {"more_url", "held", "cautions"}
        return any(vars(self)[each.name] for each in fields(self) if each.name not in others)


def alerts_for(request: HttpRequest) -> Alerts:
    """What is wrong, as far as the user may know.

    At most five queries if nothing is, and some more once a minute. If they fail, for instance
    between a migration and a restart, the page is shown all the same.
    """
    try:
        # If a page is one transaction, a failed query would end it.
        with transaction.atomic() if connection.settings_dict["ATOMIC_REQUESTS"] else nullcontext():
            return _look(request)
    except Error as error:
        logger.warning("The banner can't check for problems now: %s", error)
        return Alerts(cannot_look=True)


def _look(request: HttpRequest) -> Alerts:
    links = Links(request, site_of(request))
    kinds = [model for model in concrete_definitions() if links.may_view(model)]
    if not kinds and not any(map(links.may_view, (Execution, SchedulerNode, ParkedJob))):
        return Alerts(held=tell_hold(links) if links.may_hold() else None)
    now = timezone.now()
    parked = list(_visible(links, kinds)[: _MOST_NAMES + 1])
    room = look(now)
    reasons = [node.cannot_claim for node in room.alive]
    found = strangers()
    unknown = kinds_that_nobody_runs(found.kinds, [node.kinds for node in room.alive], now)
    return Alerts(
        no_scheduler=not room.alive,
        no_room=tell(room, links),
        cannot_claim=_why(reasons, links) if all(reasons) and reasons else "",
        unknown_kinds=tuple(label for label in unknown if _may_know(label, links)),
        foreign=len(found.foreign) if links.may_view(ParkedJob) else 0,
        broken=tuple(_names(parked[:_MOST_NAMES], links)),
        more_url=links.to_list(ParkedJob),
        more=len(parked) > _MOST_NAMES,
        differing=differing_rows(kinds, now) if kinds else 0,
        held=tell_hold(links),
        cautions=tuple(cautions_for(kinds, links)),
    )


def _why(reasons: list[str], links: Links) -> str:
    return reasons[0] if links.may_view(SchedulerNode) else _("The database reports an error.")


def _may_know(label: str, links: Links) -> bool:
    """Whether the user may see jobs of a kind. If it isn't installed: whether of broken jobs."""
    try:
        return links.may_view(apps.get_model(label))
    except LookupError:
        return links.may_view(ParkedJob)


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
