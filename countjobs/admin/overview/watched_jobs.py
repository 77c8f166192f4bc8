"""Part of the overview: jobs that are silent, and jobs that paused themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString

from countjobs.admin.cells import job_link
from countjobs.admin.display import moment
from countjobs.admin.links import Links
from countjobs.admin.lookup import definitions_of, zone_of
from countjobs.admin.watched import PAUSED_ITSELF, STATES, WatchState, failures_in_a_row
from countjobs.models import JobWatch

MOST_JOBS = 10
"""In each of the two states."""


@dataclass(frozen=True)
class WatchedJob:
    """A line of the table."""

    job: SafeString
    state: SafeString
    since: str
    why: str


@dataclass(frozen=True)
class Watched:
    """The table, and how many there are."""

    totals: list[tuple[SafeString, list[SafeString]]]
    """Each state with its number of jobs of each kind."""
    rows: list[WatchedJob]


def read_watched(links: Links) -> Watched:
    """Two queries for each state, and one for each kind of definition."""
    kinds = links.visible_kinds()
    totals = [(state.badge(), state.counts(kinds, links)) for state in STATES]
    newest = [
        (state, watch)
        for state in STATES
        for watch in state.rows(kinds).order_by(f"-{state.since}")[:MOST_JOBS]
    ]
    return Watched(
        totals=[(shown, counts) for shown, counts in totals if counts],
        rows=list(_rows(newest, links)),
    )


def _rows(found: list[tuple[WatchState, JobWatch]], links: Links) -> Iterator[WatchedJob]:
    definitions = definitions_of(watch.job_id for _state, watch in found)
    for state, watch in found:
        definition = definitions.get(watch.job_id)
        since: Any = getattr(watch, state.since)
        yield WatchedJob(
            job=job_link(watch.job_id, definition, links),
            state=state.badge(),
            since=moment(since, zone_of(definition)),
            why=failures_in_a_row(watch) if state is PAUSED_ITSELF else "",
        )
