"""Part of the banner: what is no problem of the schedulers, and yet a warning.

Jobs that are silent, jobs that paused themselves, and what other apps register.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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
    """How many jobs of each kind, or what it is about, each with a link."""
    why: str


_others: list[Callable[[Links], Iterable[Caution]]] = []


def register(find: Callable[[Links], Iterable[Caution]]) -> None:
    """Have the banner show the cautions of another app. They are looked for on each page."""
    _others.append(find)


def cautions_for(kinds: Iterable[type[JobDefinition]], links: Links) -> Iterator[Caution]:
    """What to tell somebody who may see these kinds. Two queries, and those of other apps."""
    kinds = list(kinds)
    if kinds and (silent := SILENT.counts(kinds, links)):
        why = _("They have had no success for too long.")
        yield Caution(_("Silent jobs:"), tuple(silent), why)
    if kinds and (paused := PAUSED_ITSELF.counts(kinds, links)):
        why = _("They failed too often in a row, and don't run until somebody resumes them.")
        yield Caution(_("Jobs that paused themselves:"), tuple(paused), why)
    for find in _others:
        yield from find(links)
