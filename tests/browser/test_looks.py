"""Issue 8, lines 34 and 51: pages look right on every Django, and can be read in every state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.support import lived_in as row
from tests.support.browsing.windows import PHONE, needs_browser
from tests.support.lived_in_site import Site
from tests.support.looking import COLOURS, look, settle, violations

pytestmark = needs_browser

JOBS, RUNS = "countjobs/countjob", "countjobs/execution"
LISTS = (f"{JOBS}/", f"{RUNS}/", "countjobs/schedulernode/", "countjobs/parkedjob/")
DESK = {"width": 1280, "height": 800}

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("looks"), "project.settings", full=True)
    try:
        yield site.wait()
    finally:
        site.clean_up()


@pytest.fixture(scope="module")
def window(browser: Browser, site: Site) -> Iterator[BrowserContext]:
    """One for all tests, so that it loads styles and scripts once."""
    with closing(browser.new_context(locale="en-GB")) as window:
        key = site.sessions["superuser"]
        window.add_cookies([{"name": "sessionid", "value": key, "url": site.address}])
        yield window


@pytest.fixture
def visit(window: BrowserContext, site: Site) -> Iterator[Open]:
    """Opens a page in a tab of its own."""
    with closing(window.new_page()) as page:

        def go(path: str, size: Any = DESK) -> Page:
            page.set_viewport_size(size)
            page.goto(site.address + path)
            return page

        yield go


def box(locator: Locator) -> dict[str, float]:
    found: Any = locator.bounding_box()
    assert found, locator
    return dict(found)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_no_list_is_cut(path: str, size: Any, visit: Open) -> None:
    page = visit(path, size)
    expect(page.locator("#result_list tbody tr").first).to_be_visible()
    over = "each => each.scrollWidth - each.clientWidth"
    assert page.locator(".results").evaluate(over) <= 0
    assert look(page, "sideways") + look(page, "overlaps") == []


SHOWN = {
    f"{JOBS}/": ("name", "schedule", "switch", "next_run", "last_run"),
    f"{RUNS}/": ("outcome", "job_name", "scheduled", "duration"),
    "countjobs/schedulernode/": ("life", "host", "heard_of", "state"),
    "countjobs/parkedjob/": ("job_id", "error", "since"),
}


@pytest.mark.parametrize("path", LISTS)
def test_on_a_phone_each_row_says_what_when_and_how(path: str, visit: Open) -> None:
    page = visit(path, PHONE)
    rows = page.locator("#result_list tbody tr")
    for number in range(min(rows.count(), 5)):
        for column in SHOWN[path]:
            place = box(rows.nth(number).locator(f".field-{column}"))
            assert place["x"] >= 0
            assert place["x"] + place["width"] <= PHONE["width"], column


def test_the_overviews_schedulers_fit_a_phone(visit: Open) -> None:
    page = visit(f"{RUNS}/overview/", PHONE)
    table = page.locator("#countjobs-schedulers + .countjobs-table")
    expect(table.locator("tbody tr").first).to_be_visible()
    assert table.evaluate("each => each.scrollWidth - each.clientWidth") <= 0
    for ago in table.locator(".countjobs-ago").all():
        assert box(ago)["width"] >= 60


@pytest.mark.parametrize("path", [f"{RUNS}/overview/", f"{JOBS}/import/"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_way_up_looks_as_on_djangos_own_pages(path: str, size: Any, visit: Open) -> None:
    style = """each => { const { backgroundColor, color, paddingTop, paddingLeft } =
        getComputedStyle(each); return [backgroundColor, color, paddingTop]; }"""
    theirs = visit(f"{JOBS}/", size).locator(".breadcrumbs").evaluate(style)
    page = visit(path, size)
    assert page.locator(".breadcrumbs").evaluate(style) == theirs
    assert page.locator(".breadcrumbs a").first.inner_text() == "Home"


def test_the_buttons_of_a_definition_stand_in_one_line(visit: Open) -> None:
    page = visit(f"{JOBS}/{row.SHORT}/change/")
    tools = page.locator(".object-tools li > a, .object-tools form button")
    places = [box(each) for each in tools.all()]
    assert len(places) >= 3
    assert len({round(each["y"]) for each in places}) == 1
    assert max(each["height"] for each in places) - min(each["height"] for each in places) <= 1


def test_a_long_name_leaves_the_buttons_room(visit: Open) -> None:
    page = visit(f"{JOBS}/{row.LONG}/change/")
    name, tools = box(page.locator("#content h2").first), box(page.locator(".object-tools"))
    is_beside = name["x"] + name["width"] <= tools["x"]
    assert is_beside or name["y"] + name["height"] <= tools["y"]


@pytest.mark.parametrize("path", [f"{row.SHORT}/change/", "add/"], ids=["filled", "empty"])
@pytest.mark.parametrize("width", [1280, 1024, 900])
def test_a_rows_buttons_stand_beside_it(width: int, path: str, visit: Open) -> None:
    page = visit(f"{JOBS}/{path}", {"width": width, "height": 800})
    first = page.locator(".countjobs-rows li").first
    key, tools = box(first.locator("input")), box(first.locator(".countjobs-row-tools"))
    assert abs(key["y"] - tools["y"]) <= 1
    assert tools["x"] > key["x"]


def test_how_a_run_stands_is_below_its_title_and_beside_what_can_be_done(visit: Open) -> None:
    page = visit(f"{RUNS}/{row.FAILED}/change/")
    title, badge = (
        box(page.locator("#content h2").first),
        box(page.locator(".countjobs-state p").first),
    )
    button = box(page.locator(".countjobs-tools button").first)
    assert badge["y"] >= title["y"] + title["height"]
    assert badge["x"] < button["x"]
    assert abs((badge["y"] + badge["height"] / 2) - (button["y"] + button["height"] / 2)) < 8


def test_the_colour_beside_a_duration_is_that_of_its_bar(visit: Open) -> None:
    page = visit(f"{RUNS}/{row.FAILED}/change/")
    square = "each => getComputedStyle(each, '::before').backgroundColor"
    bar = "each => getComputedStyle(each).fill"
    assert page.locator(".field-duration .readonly").evaluate(square) == page.locator(
        ".countjobs-course-failed"
    ).evaluate(bar)


def be_busy(page: Page) -> None:
    page.locator(".countjobs-preview").evaluate("each => each.setAttribute('aria-busy', 'true')")


def be_refused(page: Page) -> None:
    page.route("**/preview/", lambda route: route.abort())
    page.fill("#id_hour", "5")
    expect(page.locator(".countjobs-sentence")).to_contain_text("can't be loaded")


def disable_all(page: Page) -> None:
    page.locator(".countjobs-rows button").evaluate_all(
        "all => all.forEach(each => each.disabled = true)"
    )


def hover_and_focus(page: Page) -> None:
    page.locator("[data-add]").focus()
    page.locator(".countjobs-row-tools button").nth(1).hover()


def turn_switches(page: Page) -> None:
    page.locator("[role=switch]").evaluate_all(
        "all => all.forEach(each => each.setAttribute('aria-busy', 'true'))"
    )


def say(page: Page) -> None:
    page.locator(".countjobs-said").evaluate("each => each.textContent = 'It is said.'")
    page.locator("[role=switch]").first.hover()


def fail_to_renew(page: Page) -> None:
    page.locator("[data-countjobs-refresh] [role=status]").evaluate(
        "each => each.textContent = each.closest('[data-failed]').dataset.failed"
    )
    page.locator(".countjobs-bars a").last.hover()


DEFINITION = f"{JOBS}/{row.SHORT}/change/"
STATES: dict[str, tuple[str, Callable[[Page], None]]] = {
    "the preview is being renewed": (DEFINITION, be_busy),
    "the preview can't be had": (DEFINITION, be_refused),
    "buttons are disabled": (DEFINITION, disable_all),
    "a button is pointed at": (DEFINITION, hover_and_focus),
    "a switch is being turned": (f"{JOBS}/", turn_switches),
    "something is said": (f"{JOBS}/", say),
    "the overview can't be renewed": (f"{RUNS}/overview/", fail_to_renew),
}


@pytest.mark.parametrize("state", STATES)
def test_every_state_can_be_read_light_and_dark(state: str, visit: Open) -> None:
    """On purpose, and not by the luck of an answer that takes its time."""
    path, bring_about = STATES[state]
    page = visit(path)
    bring_about(page)
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        settle(page)
        assert look(page, "faint") == [], scheme
        assert violations(page, *COLOURS) == [], scheme
