"""The pages that are measured, by name. To measure one more, add a line to `PAGES`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeAlias
from urllib.parse import urlencode

from django.contrib.admin.views.main import ChangeList
from django.urls import NoReverseMatch, reverse

from benchmarks.visiting.samples import Samples
from countjobs.models import CountJob

Address: TypeAlias = str | None
"""None where a database has nothing to show there, or the site has no such page."""
Page: TypeAlias = Callable[[Samples], Address]
"""How to come to a page, in a database with these samples."""

MOST_CHOICES = 10
"""Of one filter: a list of zones may be long."""
DEFINITIONS, EXECUTIONS = "countjob", "execution"


def address(page: str, *keys: object, **query: object) -> Address:
    """Where a page of the admin is, by the end of its URL's name."""
    if None in keys:
        return None
    try:
        url = reverse(f"admin:{page}", args=keys)
    except NoReverseMatch:
        return None
    return f"{url}?{urlencode(query)}" if query else url


def _list(model: str, **query: object) -> Page:
    return _list_of(model, lambda samples: query)


def _list_of(model: str, query: Callable[[Samples], dict[str, object]]) -> Page:
    return lambda samples: address(f"countjobs_{model}_changelist", **query(samples))


def _definition(key: Callable[[Samples], object], page: str = "change") -> Page:
    return lambda samples: address(f"countjobs_{DEFINITIONS}_{page}", key(samples))


def _run(status: str, page: str = "change") -> Page:
    return lambda samples: address(f"countjobs_{EXECUTIONS}_{page}", samples.runs.get(status))


def _page(name: str, **query: object) -> Page:
    return lambda samples: address(name, **query)


PAGES: dict[str, Page] = {
    "index": _page("index"),
    "overview": _page("countjobs_overview"),
    "overview, nothing cached": _page("countjobs_overview"),
    "overview, its parts": _page("countjobs_overview_parts"),
    "running now": _page("countjobs_running"),
    "running now, its parts": _page("countjobs_running_parts"),
    "definitions": _list(DEFINITIONS),
    "definitions, deep page": _list(DEFINITIONS, p=990),
    "definitions, last page": _list(DEFINITIONS, p=1_000),
    "definitions, search: a word": _list(DEFINITIONS, q="invoices"),
    "definitions, search: a name": _list_of(DEFINITIONS, lambda s: {"q": s.definition_name}),
    "definitions, search: nothing found": _list(DEFINITIONS, q="zzzz"),
    "definitions, filtered and searched": _list(DEFINITIONS, enabled__exact=1, q="Tokyo"),
    "definitions, filtered, deep page": _list(DEFINITIONS, enabled__exact=1, p=800),
    "definition, busy": _definition(lambda s: s.busy_key),
    "definition, quiet": _definition(lambda s: s.quiet),
    "definition, never ran": _definition(lambda s: s.never_ran),
    "definition, broken": _definition(lambda s: s.broken),
    "definition, to run by hand": _definition(lambda s: s.busy_key, "run"),
    "definitions, to import": _page("countjobs_countjob_import"),
    "definition, its changes": _definition(lambda s: s.busy_key, "history"),
    "definition, to add": _page("countjobs_countjob_add"),
    "executions": _list(EXECUTIONS),
    "executions, page 2": _list(EXECUTIONS, p=2),
    "executions, deep page": _list(EXECUTIONS, p=200),
    "executions, search: a word": _list(EXECUTIONS, q="invoices"),
    "executions, search: a name": _list_of(EXECUTIONS, lambda s: {"q": s.definition_name}),
    "executions, search: nothing found": _list(EXECUTIONS, q="zzzz"),
    "executions of a busy job": _list_of(EXECUTIONS, lambda s: {"job_id": s.busy}),
    "executions of a busy job, deep page": _list_of(
        EXECUTIONS, lambda s: {"job_id": s.busy, "p": 200}
    ),
    "executions of a busy job, failed": _list_of(
        EXECUTIONS, lambda s: {"job_id": s.busy, "status__exact": "failed"}
    ),
    "executions of a quiet job": _list_of(
        EXECUTIONS, lambda s: {"job_id": CountJob.job_id_of(s.quiet)}
    ),
    "executions of a job that never ran": _list_of(
        EXECUTIONS, lambda s: {"job_id": CountJob.job_id_of(s.never_ran)}
    ),
    "executions, lost by hand": _list(EXECUTIONS, status__exact="lost", trigger__exact="manual"),
    "executions, failed in 24 h": _list(EXECUTIONS, status__exact="failed", since="day"),
    "executions, failed, deep page": _list(EXECUTIONS, status__exact="failed", p=200),
    "execution, succeeded": _run("succeeded"),
    "execution, failed": _run("failed"),
    "execution, running": _run("running"),
    "execution, queued": _run("queued"),
    "execution, running, its live parts": _run("running", "live"),
    "jobs suggested for a filter": _page("countjobs_execution_jobs", q="invoices"),
    "schedulers": _list("schedulernode"),
    "broken jobs": _list("parkedjob"),
}
"""How to come to each."""

UNCACHED = frozenset({"overview, nothing cached"})
"""Pages before which Django's cache is emptied: what the first to come waits for."""
FILTERED = {"definitions": DEFINITIONS, "executions": EXECUTIONS}
"""Lists of which each choice of each filter is a page, too."""


def choices_of(name: str, changelist: ChangeList) -> Iterator[tuple[str, str]]:
    """A page for each choice of the filters that a list offers, but “All”."""
    base = address(f"countjobs_{FILTERED[name]}_changelist")
    for spec in changelist.filter_specs:
        chosen: Iterator[Mapping[str, Any]] = (
            c for c in spec.choices(changelist) if "display" in c
        )
        for choice in islice(chosen, 1, MOST_CHOICES + 1):
            yield f"{name}, {spec.title}: {choice['display']}", f"{base}{choice['query_string']}"
