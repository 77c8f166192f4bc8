"""The fixtures of browser tests: a browser and a quick start for a module, a page for a test.

Tests that make rows of their own go to the tests' own site instead, with `browser_here`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.support.browsing.windows import chromium, opened, window_of, without_complaints
from tests.support.people import client_of
from tests.support.quickstarts import quickstart_in


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Its address, and who may log in there."""
    with quickstart_in(tmp_path_factory.mktemp("quickstart")) as started:
        yield started.greeting()


@pytest.fixture
def page(browser: Browser, quickstart: dict[str, str]) -> Iterator[Page]:
    """The page to add a definition, whose console must stay empty."""
    page = opened(browser, quickstart)
    with without_complaints(page.context):
        page.reload()
        expect(page.locator(".countjobs-sentence")).to_contain_text("Say when the job runs")
        yield page


@pytest.fixture(scope="module")
def browser_here(browser: Browser) -> Iterator[Browser]:
    """The same browser, whose loop runs in the tests' thread, beside the database's use."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield browser


@pytest.fixture
def desk(browser_here: Browser, live_server: LiveServer) -> Iterator[Page]:
    """An empty page of the superuser's, at the tests' own site. The console must stay empty."""
    window = window_of(client_of("superuser"), browser_here, live_server.url)
    with without_complaints(window):
        yield window.new_page()
