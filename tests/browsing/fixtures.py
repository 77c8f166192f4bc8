"""The fixtures of browser tests: a browser and a quick start for a module, a page for a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browsing.windows import FIRE_TIMES, chromium, opened, without_complaints
from tests.quickstarts import quickstart_in


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
        expect(page.locator(FIRE_TIMES)).to_have_count(10)
        yield page
