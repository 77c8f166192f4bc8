"""Every page, in a real browser: axe-core, light and dark, a phone, the keyboard, the console."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from tests.support import lived_in as row
from tests.support.browsing import doing
from tests.support.browsing.windows import PHONE, needs_browser
from tests.support.lived_in_site import Site
from tests.support.looking import COLOURS, look, settle, violations

pytestmark = needs_browser

SETTINGS = "project.settings"
DESK: ViewportSize = {"width": 1280, "height": 800}


@dataclass(frozen=True)
class At:
    """The way to a page: its address, who goes there, and what is done there before looking."""

    path: str
    who: str = "superuser"
    then: Callable[[Page], Any] | None = None
    language: str = "en-GB"


JOBS, RUNS = "countjobs/countjob", "countjobs/execution"
NODES, BROKEN = "countjobs/schedulernode", "countjobs/parkedjob"
FUNCTIONS, COMMANDS = "countjobs/functionjob", "countjobs/commandjob"
CHANNELS, ALERTS = "countjobs_alerts/alertchannel", "countjobs_alerts/alert"

PAGES = {
    "index": At(""),
    "app index": At("countjobs/"),
    "definitions": At(f"{JOBS}/"),
    "definitions, for a viewer": At(f"{JOBS}/", who="viewer"),
    "definitions, none found": At(f"{JOBS}/?q=nothing+is+called+this"),
    "add a definition": At(f"{JOBS}/add/"),
    "add a definition, line refused": At(f"{JOBS}/add/", then=doing.paste_nonsense),
    "definition": At(f"{JOBS}/{row.SHORT}/change/"),
    "definition, refused": At(f"{JOBS}/{row.SHORT}/change/", then=doing.save_nonsense),
    "definition with a long name": At(f"{JOBS}/{row.LONG}/change/"),
    "definition with a foreign name": At(f"{JOBS}/{row.FOREIGN}/change/"),
    "broken definition": At(f"{JOBS}/{row.BROKEN}/change/"),
    "definition that paused itself": At(f"{JOBS}/{row.PAUSED}/change/"),
    "definition, a rule refused": At(f"{JOBS}/{row.SHORT}/change/", then=doing.save_a_wrong_rule),
    "history of one that paused itself": At(f"{JOBS}/{row.PAUSED}/history/"),
    "definition that has ended": At(f"{JOBS}/{row.ENDED}/change/"),
    "definition, for a viewer": At(f"{JOBS}/{row.LONG}/change/", who="viewer"),
    "history of a definition": At(f"{JOBS}/{row.LONG}/history/"),
    "delete a definition": At(f"{JOBS}/{row.LONG}/delete/"),
    "run a definition": At(f"{JOBS}/{row.SHORT}/run/"),
    "import": At(f"{JOBS}/import/"),
    "import of all kinds": At(f"{RUNS}/import/", then=doing.show_a_dry_run),
    "import, the dry run": At(f"{JOBS}/import/", then=doing.show_a_dry_run),
    "definitions, run": At(f"{JOBS}/", then=doing.run_all),
    "function jobs": At(f"{FUNCTIONS}/"),
    "add a function job": At(f"{FUNCTIONS}/add/"),
    "add a function job, a function is chosen": At(
        f"{FUNCTIONS}/add/", then=doing.choose_a_function
    ),
    "add a function job, refused": At(f"{FUNCTIONS}/add/", then=doing.save_wrong_arguments),
    "declared function job": At(f"{FUNCTIONS}/{row.GREETING}/change/"),
    "function job whose function is gone": At(f"{FUNCTIONS}/{row.GONE}/change/"),
    "function job that is not declared any more": At(f"{FUNCTIONS}/{row.NOT_DECLARED}/change/"),
    "run a function job": At(f"{FUNCTIONS}/{row.GREETING}/run/"),
    "command jobs": At(f"{COMMANDS}/"),
    "command job": At(f"{COMMANDS}/{row.COMMAND}/change/"),
    "delete definitions": At(f"{JOBS}/", then=doing.pick_all_to_delete),
    "overview": At(f"{RUNS}/overview/"),
    "overview, for a viewer": At(f"{RUNS}/overview/", who="viewer"),
    "all jobs": At(f"{RUNS}/all-jobs/"),
    "all jobs, for a viewer": At(f"{RUNS}/all-jobs/", who="viewer"),
    "all jobs, filtered": At(f"{RUNS}/all-jobs/?state=ended&o=failures&q=count"),
    "running now": At(f"{RUNS}/running/"),
    "running now, for a viewer": At(f"{RUNS}/running/", who="viewer"),
    "hold all jobs": At(f"{RUNS}/hold/"),
    "running now, one is cancelled": At(f"{RUNS}/running/", then=doing.cancel_one),
    "executions": At(f"{RUNS}/"),
    "executions, for a viewer": At(f"{RUNS}/", who="viewer"),
    "executions, filtered": At(f"{RUNS}/?status__exact=failed&q=count"),
    "execution that waits": At(f"{RUNS}/{row.QUEUED}/change/"),
    "execution that succeeded": At(f"{RUNS}/{row.SUCCEEDED}/change/"),
    "execution that failed": At(f"{RUNS}/{row.FAILED}/change/"),
    "execution that runs": At(f"{RUNS}/{row.RUNNING}/change/"),
    "execution that is to stop": At(f"{RUNS}/{row.STOPPING}/change/"),
    "execution that waits for its next attempt": At(f"{RUNS}/{row.ATTEMPT}/change/"),
    "alert channels": At(f"{CHANNELS}/"),
    "add an alert channel": At(f"{CHANNELS}/add/"),
    "alert channel": At(f"{CHANNELS}/{row.CHANNEL}/change/"),
    "alert channel, a test is sent": At(
        f"{CHANNELS}/{row.CHANNEL}/change/", then=doing.send_a_test
    ),
    "alerts": At(f"{ALERTS}/"),
    "alert that could not be sent": At(f"{ALERTS}/{row.ALERT}/change/"),
    "schedulers": At(f"{NODES}/"),
    "scheduler": At(f"{NODES}/{row.NODE}/change/"),
    "broken jobs": At(f"{BROKEN}/"),
    "broken job": At(f"{BROKEN}/{row.CODE_JOB.replace(':', '_3A')}/change/"),
}
"""The pages of a site where a lot has happened. A new page is a line here."""

EMPTY_PAGES = {
    "index": At(""),
    "function jobs": At(f"{FUNCTIONS}/"),
    "definitions": At(f"{JOBS}/"),
    "all jobs": At(f"{RUNS}/all-jobs/"),
    "overview": At(f"{RUNS}/overview/"),
    "running now": At(f"{RUNS}/running/"),
    "executions": At(f"{RUNS}/"),
    "alert channels": At(f"{CHANNELS}/"),
    "alerts": At(f"{ALERTS}/"),
    "schedulers": At(f"{NODES}/"),
    "broken jobs": At(f"{BROKEN}/"),
}
"""The pages that look otherwise where nothing has happened yet."""

JAPANESE = (
    *("all jobs", "definitions", "definition", "overview", "running now", "executions"),
    *("execution that failed", "execution that is to stop"),
    *("declared function job", "function jobs", "command job"),
    *("alert channels", "alert channel", "alerts", "alert that could not be sent"),
)
"""The pages that are looked at in Japanese, too: its words are of other lengths."""

JAPANESE_PAGES = {name: replace(PAGES[name], language="ja") for name in JAPANESE}

SITES = {"full": PAGES, "empty": EMPTY_PAGES}
ALL = [(site, name, at) for site, pages in SITES.items() for name, at in pages.items()]


def at_pages(*pages: tuple[str, str, At]) -> pytest.MarkDecorator:
    """The test is of each of these: the site, what the page is called, and the way to it."""
    ids = [f"{site}-{name}" for site, name, _at in pages]
    ways = [(site, at) for site, _name, at in pages]
    return pytest.mark.parametrize("opened", ways, ids=ids, indirect=True)


every_page = at_pages(*ALL)


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Site]]:
    directory = tmp_path_factory.mktemp("pages")
    with ExitStack() as stack:
        started = {name: Site(directory, SETTINGS, full=name == "full") for name in SITES}
        for site in started.values():
            stack.callback(site.clean_up)
        yield {content: site.wait() for content, site in started.items()}


Window = Callable[[Site, str, str], BrowserContext]


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Window]:
    """The window of a site's person who reads a language; it loads styles and scripts once."""
    with ExitStack() as stack:

        @cache
        def window(site: Site, who: str, language: str) -> BrowserContext:
            context = browser.new_context(locale=language)
            stack.enter_context(closing(context))
            cookie: Any = {"name": "sessionid", "value": site.sessions[who], "url": site.address}
            context.add_cookies([cookie])
            # What is looked at for long must not be renewed meanwhile.
            context.add_init_script("localStorage.setItem('countjobs.overview.renews', 'no')")
            return context

        yield window


@pytest.fixture(scope="module")
def opened(
    request: pytest.FixtureRequest, window: Window, sites: dict[str, Site]
) -> Iterator[Opened]:
    """A page, opened once for all the tests that look at it."""
    content, at = request.param
    site = sites[content]
    with closing(window(site, at.who, at.language).new_page()) as tab:
        tab.set_viewport_size(DESK)
        page = Opened(tab)
        page.go(site.address + at.path)
        if at.then:
            at.then(page.page)
        yield page


class Opened:
    """A page, and what its console says."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.console: list[str] = []
        page.on("console", lambda message: self.console.append(message.text))
        page.on("pageerror", lambda error: self.console.append(str(error)))

    def go(self, address: str) -> None:
        """Open an address that is there, under the strict policy."""
        answer = self.page.goto(address)
        assert answer is not None
        assert (answer.status, self.page.url) == (200, address)
        assert "default-src 'none'" in answer.headers["content-security-policy"]


@every_page
def test_the_console_stays_empty_under_the_strict_policy(opened: Opened) -> None:
    assert opened.console == []


@every_page
def test_axe_core_finds_no_violation_light_or_dark(opened: Opened) -> None:
    opened.page.emulate_media(color_scheme="light")
    assert violations(opened.page) == []
    opened.page.emulate_media(color_scheme="dark")
    assert violations(opened.page, *COLOURS) == []


@every_page
def test_the_tab_key_reaches_everything_and_shows_where_it_is(opened: Opened) -> None:
    for _ in range(look(opened.page, "watchFocus") + 20):
        opened.page.keyboard.down("Tab")
    assert look(opened.page, "missedByFocus") == []


@every_page
def test_on_a_phone_only_tables_scroll_sideways_and_nothing_overlaps(opened: Opened) -> None:
    opened.page.set_viewport_size(PHONE)
    settle(opened.page)
    assert look(opened.page, "sideways") + look(opened.page, "overlaps") == []


@at_pages(*(("full", f"{name} in Japanese", at) for name, at in JAPANESE_PAGES.items()))
def test_in_japanese_nothing_overlaps_and_the_console_stays_empty(opened: Opened) -> None:
    page = opened.page
    assert page.locator("html").get_attribute("lang") == "ja"
    words = page.locator("#content").inner_text().replace("毎日の集計", "")  # is in a name
    assert re.search("[ぁ-ヿ]", words)
    assert look(page, "overlaps") == []
    page.set_viewport_size(PHONE)
    settle(page)
    assert look(page, "sideways") + look(page, "overlaps") == []
    assert opened.console == []
