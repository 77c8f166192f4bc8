"""A round of visits: each page, as each person sees it, and what that cost."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.db import connection
from django.test import Client

from benchmarks.visiting.page_list import FILTERED, PAGES, UNCACHED, Address, choices_of
from benchmarks.visiting.report import Line, Visit
from benchmarks.visiting.samples import find

ROLES = ("superuser", "viewer")


@dataclass(frozen=True)
class Page:
    """An address, the browser that asks for it, and what is found out."""

    browser: Client
    address: Address
    line: Line


def all_pages() -> list[Page]:
    """Every page for every person; a filter's choices are those that the superuser is offered."""
    samples = find()
    browsers = {role: browser_of(role) for role in ROLES}
    addresses = {name: build(samples) for name, build in PAGES.items()}
    for name in FILTERED:
        address = addresses[name]
        changelist = visit(browsers["superuser"], address).changelist if address else None
        if isinstance(changelist, ChangeList):
            addresses |= dict(choices_of(name, changelist))
    return [
        Page(browser, address, Line(name, role))
        for name, address in addresses.items()
        for role, browser in browsers.items()
    ]


def go_round(pages: Iterable[Page], *, counts: bool) -> None:
    """Visit each page once."""
    for page in pages:
        if page.address is not None:
            if page.line.page in UNCACHED:
                cache.clear()
            visited = visit(page.browser, page.address)
            if counts:
                page.line.add(visited)


def browser_of(role: str) -> Client:
    """A browser in which a person of a role is logged in, who is made where there is none."""
    user, _ = User.objects.get_or_create(username=f"benchmark {role}", is_staff=True)
    user.is_superuser = role == "superuser"
    user.save()
    if role == "viewer":
        wanted = Permission.objects.filter(content_type__app_label="countjobs")
        user.user_permissions.set(wanted.filter(codename__startswith="view_"))
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def visit(client: Client, address: str) -> Visit:
    """Ask for a page, with all the site's middleware."""
    with _counted() as visit:
        began, used = time.perf_counter(), time.process_time()
        response: Any = client.get(address, secure=True)
        visit.seconds = time.perf_counter() - began
        visit.cpu_seconds = time.process_time() - used
    visit.status, visit.size = response.status_code, len(response.content)
    visit.changelist = (getattr(response, "context_data", None) or {}).get("cl")
    return visit


@contextmanager
def _counted() -> Iterator[Visit]:
    """The queries made meanwhile, and how long they took until their first rows were there."""
    visit = Visit()

    def count(execute: Any, *arguments: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            visit.queries += 1
            visit.database_seconds += time.perf_counter() - began

    with connection.execute_wrapper(count):
        yield visit
