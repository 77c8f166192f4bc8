"""The table of who may do what has every page of the app: a new one can't be forgotten."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.urls import URLPattern, URLResolver, path
from django.views.generic import RedirectView, TemplateView

from tests.support.people import client_of
from tests.support.permissions import ACTIONS, ACTIONS_ON_RUNS, PAGES, QUESTIONS, WRITES, Rows

POSTS = {*QUESTIONS, *WRITES} - {*ACTIONS, *ACTIONS_ON_RUNS}
"""What is posted to an address of its own."""

SITES = {"index", "countjobs"}
"""The site's own pages of the table."""

Patterns = list[URLPattern | URLResolver]


def named(patterns: Patterns, under: str = "") -> Iterator[str]:
    """The names of the app's pages, as the table has them; of one without, its address.

    But for Django's, which lead from the address of a row to its page.
    """
    for each in patterns:
        address = f"{under}{each.pattern}"
        if isinstance(each, URLResolver):
            yield from named(each.url_patterns, address)
        elif address.startswith("countjobs/") and not is_a_way_to_a_page(each):
            yield (each.name or address).removeprefix("countjobs_")


def is_a_way_to_a_page(pattern: URLPattern) -> bool:
    is_unnamed = pattern.name is None
    return is_unnamed and getattr(pattern.callback, "view_class", None) is RedirectView


OTHER_KINDS = {
    "functionjob": ["declared", "inputs", "inputs_new", "objects"],
    "commandjob": ["inputs", "inputs_new"],
}
"""The kinds whose pages are those of count jobs, by the same classes, and what they add to them:
tests/admin/functions has who may do that."""

ALL_PAGES = sorted(named(admin.site.urls[0]))
PAGES_OF_THE_APP = [page for page in ALL_PAGES if page.partition("_")[0] not in OTHER_KINDS]


def pages_of(kind: str) -> list[str]:
    return [page.removeprefix(f"{kind}_") for page in ALL_PAGES if page.startswith(f"{kind}_")]


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_another_kind_has_the_pages_of_count_jobs_and_those_that_are_named_here(kind: str) -> None:
    assert pages_of(kind) == sorted([*pages_of("countjob"), *OTHER_KINDS[kind]])


def test_every_page_of_the_app_is_in_the_table_and_no_other() -> None:
    assert sorted({*PAGES, *POSTS} - SITES) == PAGES_OF_THE_APP


@pytest.mark.django_db
def test_every_page_is_in_the_table_for_every_method_that_it_answers() -> None:
    rows, client = Rows(), client_of("superuser")
    answered = {
        method: [
            page
            for page in PAGES_OF_THE_APP
            if client.generic(method, rows.address(page)).status_code != 405
        ]
        for method in ("GET", "POST")
    }
    assert answered["GET"] == sorted({*PAGES} - SITES)
    assert answered["POST"] == sorted(POSTS)


def test_a_page_is_found_with_a_name_or_without() -> None:
    view, to_a_row = TemplateView.as_view(), RedirectView.as_view()
    below: Patterns = [
        path("new/", view, name="countjobs_new"),
        path("other/", view),
        path("<path:object_id>/", to_a_row),
    ]
    others: Patterns = [path("new/", view, name="auth_new")]
    patterns: Patterns = [
        path("countjobs/x/", (below, None, None)),
        path("auth/", (others, None, None)),
    ]
    assert list(named(patterns)) == ["new", "countjobs/x/other/"]
