"""Part of the banner: no scheduler has a free thread, and which runs take them."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _

from countjobs.admin.display import link, moment_text
from countjobs.admin.links import Links
from countjobs.jobstores.room import Room, Taking
from countjobs.models import Execution
from countjobs.models.executions import Status
from countjobs.text import visible

_MOST_RUNS = 5


@dataclass(frozen=True)
class NoRoom:
    """What one user is told, if there is something to tell."""

    is_so: bool = False
    runs: tuple[SafeString, ...] = ()
    """The runs that take the threads, the longest first; none for users who may not see runs."""
    more_url: str = ""
    running_url: str = ""
    """Where they can be cancelled."""

    def __bool__(self) -> bool:
        return self.is_so


def tell(room: Room, links: Links) -> NoRoom:
    """What to tell, given what is known about the schedulers."""
    if not room.taken_by:
        return NoRoom()
    if not links.may_view(Execution):
        return NoRoom(is_so=True)
    shown = tuple(_shown(run, links) for run in room.taken_by[:_MOST_RUNS])
    is_more = len(room.taken_by) > _MOST_RUNS
    running = {"status__exact": Status.RUNNING.value}
    return NoRoom(
        is_so=True,
        runs=shown,
        more_url=links.to_list(Execution, **running) if is_more else "",
        running_url=links.to_running(),
    )


def _shown(run: Taking, links: Links) -> SafeString:
    since = moment_text(run.since, get_current_timezone())
    text = _("%(job)s, since %(since)s") % {"job": visible(run.job_name), "since": since}
    return link(links.to_object(Execution, run.execution_id), text)
