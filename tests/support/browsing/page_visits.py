"""Windows at a site in the tests' own process, whose data and settings a test makes as it likes.

Their consoles must stay empty under the project's Content-Security-Policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page
from pytest_django.live_server_helper import LiveServer

from countjobs.admin.overview import hours
from countjobs.admin.overview.views import SECONDS
from tests.support.browsing.windows import needs_browser, window_of
from tests.support.people import client_of

at_live_server = [*needs_browser, pytest.mark.django_db(transaction=True)]
"""The marks of the tests that make visits."""


@dataclass
class Visit:
    """A window of somebody who is logged in, what its console said, and what it asked for."""

    page: Page
    site: str
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    @property
    def renewals(self) -> int:
        """How often the overview was asked for anew."""
        return sum(address.endswith("/parts/") for address in self.requests)

    def open(self, address: str) -> Page:
        """Go to an address of the site."""
        self.page.goto(f"{self.site}{address}")
        return self.page

    def hear(self, message: ConsoleMessage) -> None:
        """All but what Chromium only advises, of Django's own forms for people and passwords."""
        if not message.text.startswith(("[DOM]", "Autofocus processing was blocked")):
            self.complaints.append(message.text)

    def pass_time(self, seconds: int = SECONDS + 1) -> None:
        """Turn the clock of the window on."""
        self.page.clock.fast_forward(seconds * 1_000)

    def expect_renewal(self) -> None:
        """Let the time pass, and wait for what comes of it."""
        with self.page.expect_response("**/parts/"):
            self.pass_time()


Visits = Callable[..., Visit]
"""Opens a window: of the superuser, or of another `role`, with options of Playwright's."""


@pytest.fixture
def visits(
    browser_here: Browser, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Visits]:
    """Opens windows. However busy the machine, no counting is so costly that it is put off."""
    monkeypatch.setattr(hours, "monotonic", lambda: 0.0)
    opened: list[Visit] = []

    logged_in = cache(client_of)

    def visit(role: str = "superuser", **options: Any) -> Visit:
        context = window_of(logged_in(role), browser_here, live_server.url, **options)
        visit = Visit(context.new_page(), live_server.url)
        opened.append(visit)
        visit.page.clock.install()
        visit.page.on("console", visit.hear)
        visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        visit.page.on("request", lambda request: visit.requests.append(request.url))
        return visit

    yield visit
    for each in opened:
        each.page.context.close()
    assert [each.complaints for each in opened] == [[] for _each in opened]
