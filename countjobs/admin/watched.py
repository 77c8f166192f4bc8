"""Jobs that are silent, and jobs that paused themselves: what the pages have in common about them.

A partial index has each of the two, so asking costs next to nothing while there are none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from countjobs.admin.display import badge, link
from countjobs.admin.links import Links
from countjobs.database.primary import rows_of
from countjobs.models import JobDefinition, JobWatch
from countjobs.models.kinds import definition_key

STATE = "watch"
"""The name of the filter of definitions, in a URL."""
MOST_KEYS = 20_000
"""SQLite takes some more values in one query."""

Kind = type[JobDefinition]


@dataclass(frozen=True)
class WatchState:
    """A state of watched jobs that somebody should look at."""

    name: str
    """The filter's value."""
    since: str
    """The field that says since when."""
    look: str
    icon: str
    word: str | Promise

    def badge(self, title: str = "") -> SafeString:
        """As in lists."""
        return badge(self.look, self.icon, self.word, title)

    def rows(self, kinds: Iterable[Kind]) -> QuerySet[JobWatch]:
        """The watched jobs of these kinds that are in this state."""
        there: QuerySet[JobWatch] = rows_of(JobWatch).filter(**{f"{self.since}__isnull": False})
        return there.filter(_any_kind(kinds))

    def keys(self, kind: Kind) -> list[Any]:
        """The primary keys of the definitions of a kind that are in this state."""
        job_ids = self.rows([kind]).values_list("job_id", flat=True)[:MOST_KEYS]
        return [key[1] for key in map(definition_key, job_ids) if key]

    def counts(self, kinds: Iterable[Kind], links: Links) -> list[SafeString]:
        """How many there are of each kind, with a link to them. One query, whatever there is."""
        each = {f"kind_{number}": kind for number, kind in enumerate(kinds)}
        found = self.rows(each.values()).aggregate(
            **{name: Count("pk", filter=_any_kind([kind])) for name, kind in each.items()}
        )
        return [
            link(links.to_list(kind, **{STATE: self.name}), _counted(found[name], kind))
            for name, kind in each.items()
            if found[name]
        ]


SILENT = WatchState("silent", "silent_since", "silent", "◌", _("silent"))
PAUSED_ITSELF = WatchState("paused", "paused_at", "paused", "‖", _("paused itself"))
STATES = (SILENT, PAUSED_ITSELF)


def failures_in_a_row(watch: JobWatch) -> str:
    """After how many failures it paused itself."""
    count = watch.paused_after
    return ngettext("after %d failure", "after %d failures in a row", count) % count


def no_success_since(when: str) -> SafeString:
    """The same for a job that is silent."""
    return format_html(gettext("no success since {when}"), when=when)


def _any_kind(kinds: Iterable[Kind]) -> Q:
    wanted = Q(pk__in=[])
    for kind in kinds:
        wanted |= Q(job_id__startswith=kind.job_id_of(""))
    return wanted


def _counted(count: int, kind: Kind) -> str:
    name = kind._meta.verbose_name if count == 1 else kind._meta.verbose_name_plural
    said = {"count": number_format(count, force_grouping=True), "kind": name}
    return gettext("%(count)s %(kind)s") % said
