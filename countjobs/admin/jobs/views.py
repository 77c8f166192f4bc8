"""The page “Jobs”: its list, and its buttons."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from countjobs.admin.jobs.acting import act, offered
from countjobs.admin.jobs.listed import Row, rows_of_code, rows_of_definitions
from countjobs.admin.jobs.matching import (
    MOST_KEYS,
    STATES,
    Asked,
    Found,
    Kind,
    is_partly_searched,
    matching,
)
from countjobs.admin.jobs.orders import (
    ORDERS,
    PageOfIds,
    page_by_history,
    page_by_name,
    page_by_next_run,
)
from countjobs.admin.links import Links
from countjobs.admin.list_pages import MOST_WORDS, left_out, no_impossible_lookups
from countjobs.admin.permits import Permits
from countjobs.admin.transfer.import_page import address_of_import
from countjobs.admin.urls import READ, WRITE, Page, place_of_app
from countjobs.jobstores.questions import rows_from_code
from countjobs.models import Execution, ScheduleType
from countjobs.models.kinds import groups_of, keys_by_kind
from countjobs.models.rules import executor_choices

PER_PAGE = 50
_MOST_OF_CODE = 200

_COLUMNS: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("name", gettext_lazy("name"), ("", "-name")),
    ("group", gettext_lazy("group"), ()),
    ("schedule", gettext_lazy("schedule"), ()),
    ("switch", gettext_lazy("enabled"), ()),
    ("next_run", gettext_lazy("next run"), ("next", "-next")),
    ("last_run", gettext_lazy("last run"), ("last",)),
    ("runs_strip", gettext_lazy("recent runs"), ()),
    ("p95", gettext_lazy("p95 duration"), ("p95",)),
    ("failures", gettext_lazy("failures in 24 h"), ("failures",)),
)
"""Names, titles, and the orders that a click on the title goes through."""
_OF_HISTORY = {"last_run", "runs_strip", "p95", "failures"}


def _jobs(model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> HttpResponseBase:
    """The list; or, if a button was pressed, what it does. Raises PermissionDenied."""
    site = model_admin.admin_site
    kinds = Links(request, site).kinds_with_pages()
    if not kinds:
        raise PermissionDenied
    now = timezone.now()
    asked = Asked.of(request.GET.dict())
    found = matching(request, site, kinds, asked, now)
    with no_impossible_lookups():
        if request.method == "POST":
            return _act(request, site, found, Permits(request, site))
        return _list(model_admin, request, kinds, asked, found=found, now=now)


def _act(
    request: HttpRequest, site: admin.AdminSite, found: Found, permits: Permits
) -> HttpResponseBase:
    """What a button does with one definition, with those that are ticked, or with all that match.

    A row's own button is part of the same form as the ticks, so it is named otherwise.
    """
    action = request.POST.get("action", "")
    if only := request.POST.get("run"):
        found, action = _chosen(found, [only]), "run_now"
    elif "all" not in request.POST and action != "export_all":
        found = _chosen(found, request.POST.getlist("job"))
    if not found:
        messages.warning(request, _("No job was selected."))
    else:
        file = act(request, permits, action.removesuffix("_all"), found)
        if file is not None:
            return file
    return HttpResponseRedirect(request.get_full_path())


def _chosen(found: Found, job_ids: Iterable[str]) -> Found:
    keys = keys_by_kind(each for each in job_ids if "\0" not in each)
    return {kind: rows.filter(pk__in=keys[kind]) for kind, rows in found.items() if kind in keys}


def _list(
    model_admin: admin.ModelAdmin[Any],
    request: HttpRequest,
    kinds: list[Kind],
    asked: Asked,
    *,
    found: Found,
    now: datetime,
) -> HttpResponseBase:
    site = model_admin.admin_site
    links, permits = Links(request, site), Permits(request, site)
    sees_runs = links.may_view(Execution)
    total = sum(rows.count() for rows in found.values())
    page = _page(found, asked, total, now, sees_runs=sees_runs)
    rows = rows_of_definitions(request, permits, page.job_ids, found, now)
    is_last = not page.is_more and (page.job_ids or not asked.page)
    if sees_runs and is_last and not asked.filters:
        rows += _of_code(request, site, asked, now)
    context = {
        **site.each_context(request),
        "title": _("Jobs"),
        "opts": model_admin.opts,
        "place": place_of_app(site),
        "asked": asked,
        "rows": rows,
        "total": total,
        "note": page.note,
        "most_keys": MOST_KEYS if is_partly_searched(found, asked) else None,
        "leaves_words_out": left_out(asked.q),
        "most_words": MOST_WORDS,
        "columns": _columns(request, asked, sees_runs=sees_runs),
        "filters": _filters(request, kinds, asked),
        "actions": offered(permits, kinds),
        "previous": _query(request, p=asked.page - 1 or None) if asked.page else "",
        "next": _query(request, p=asked.page + 1) if page.is_more else "",
        "number": asked.page + 1,
        "import_url": address_of_import(site, request),
        "overview_url": links.to_overview(),
        "running_url": links.to_running(),
        "may_run": any(permits.may("run", kind) for kind in kinds),
        "sees_runs": sees_runs,
    }
    return TemplateResponse(request, "admin/countjobs/jobs/page.html", context)


def _page(found: Found, asked: Asked, total: int, now: datetime, *, sees_runs: bool) -> PageOfIds:
    start = asked.page * PER_PAGE
    if asked.o in ("next", "-next"):
        backwards = asked.o == "-next"
        return page_by_next_run(found, total, start, PER_PAGE, backwards=backwards)
    if sees_runs and asked.o in ORDERS:
        return page_by_history(found, total, start, PER_PAGE, order=ORDERS[asked.o], now=now)
    return page_by_name(found, start, PER_PAGE, backwards=asked.o == "-name")


def _of_code(request: HttpRequest, site: admin.AdminSite, asked: Asked, now: datetime) -> list[Row]:
    jobs = rows_from_code()
    for word in asked.q.split()[:MOST_WORDS]:
        jobs = jobs.filter(id__icontains=word)
    return rows_of_code(request, site, jobs.order_by("id")[:_MOST_OF_CODE], now)


def _columns(request: HttpRequest, asked: Asked, *, sees_runs: bool) -> list[dict[str, Any]]:
    shown = []
    for name, title, orders in _COLUMNS:
        if name in _OF_HISTORY and not sees_runs:
            continue
        is_sorted = asked.o in orders
        following = orders[(orders.index(asked.o) + 1) % len(orders)] if is_sorted else None
        target = following if is_sorted else next(iter(orders), None)
        is_down = is_sorted and (asked.o.startswith("-") or name in _OF_HISTORY)
        shown.append(
            {
                "name": name,
                "title": capfirst(title),
                "query": "" if target is None else _query(request, o=target or None, p=None),
                "sorted": ("descending" if is_down else "ascending") if is_sorted else "",
            }
        )
    return shown


def _filters(request: HttpRequest, kinds: list[Kind], asked: Asked) -> list[dict[str, Any]]:
    choices: dict[str, tuple[Any, list[tuple[str, Any]]]] = {
        "state": (_("state"), [(name, word) for name, (word, _narrow) in STATES.items()]),
        "group": (_("group"), [(group, group) for group in groups_of(kinds)]),
        "kind": (_("kind"), [(k._meta.label_lower, k._meta.verbose_name) for k in kinds]),
        "schedule": (_("type of schedule"), list(ScheduleType.choices)),
        "executor": (_("executor"), executor_choices()),
    }
    return [
        {
            "title": title,
            "choices": [
                {
                    "word": word if name == "group" else capfirst(word),
                    "query": _query(request, **{name: value or None, "p": None}),
                    "is_chosen": getattr(asked, name) == value,
                }
                for value, word in [("", _("All")), *offer]
            ],
            "chosen": next((word for value, word in offer if getattr(asked, name) == value), ""),
        }
        for name, (title, offer) in choices.items()
        if offer
    ]


def _query(request: HttpRequest, **changed: Any) -> str:
    """The query of this page with these values changed, or taken out if they are None."""
    query = request.GET.copy()
    for name, value in changed.items():
        query.pop(name, None)
        if value is not None:
            query[name] = str(value)
    return f"?{query.urlencode()}"


PAGES = (Page("countjobs_jobs", "all-jobs/", _jobs, (*READ, *WRITE), is_of_model=False),)
