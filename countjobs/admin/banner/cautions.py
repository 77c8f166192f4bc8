"""Part of the banner: jobs that are silent, and jobs that paused themselves.

They are a warning: schedulers do what the definitions say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from countjobs.admin.links import Links
from countjobs.admin.watched import PAUSED_ITSELF, SILENT
from countjobs.models import JobDefinition


@dataclass(frozen=True)
class Caution:
    """A line of the banner."""

    title: str
    counts: tuple[SafeString, ...]
    """How many jobs of each kind, each with a link to them."""
    why: str


def cautions_for(kinds: Iterable[type[JobDefinition]], links: Links) -> Iterator[Caution]:
    """What to tell somebody who may see these kinds. Two queries."""
    kinds = list(kinds)
    if silent := SILENT.counts(kinds, links):
        why = _("They have had no success for longer than their definitions allow.")
        yield Caution(_("Silent jobs:"), tuple(silent), why)
    if paused := PAUSED_ITSELF.counts(kinds, links):
        why = _("They failed too often in a row, and don't run until somebody resumes them.")
        yield Caution(_("Jobs that paused themselves:"), tuple(paused), why)
