"""Holding and releasing all jobs in a real browser: with and without scripts, wide and narrow."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from countjobs.history.holding import current_hold, hold
from tests.support.browsing.page_visits import Visits, at_live_server
from tests.support.browsing.windows import PHONE
from tests.support.factories import make_node
from tests.support.looking import COLOURS, look, settle, violations

pytestmark = at_live_server

PAGE = "/admin/countjobs/execution/hold/"
BANNER = ".countjobs-held"


def submit(page: Page) -> None:
    page.click("#content-main [type=submit]")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_person_holds_all_jobs_and_releases_them(visits: Visits, scripts: bool) -> None:
    make_node(timezone.now() + timedelta(minutes=5))
    page = visits(java_script_enabled=scripts).open("/admin/countjobs/execution/overview/")
    page.get_by_role("link", name="Hold or release all jobs").click()
    submit(page)
    expect(page.locator(".errorlist")).to_have_text("This field is required.")
    page.fill("#id_reason", "upgrade")
    submit(page)
    expect(page.locator(BANNER)).to_contain_text("All jobs are held.")
    page.goto(page.url.replace("countjobs/execution/hold/", ""))
    expect(page.locator(BANNER)).to_contain_text("upgrade")
    page.get_by_role("link", name="Release…").click()
    submit(page)
    expect(page.locator(".messagelist")).to_contain_text("All jobs are released.")
    expect(page.locator(BANNER)).to_have_count(0)
    assert current_hold() is None


@pytest.mark.parametrize("reason", ["upgrade\nuntil 15:00", "x" * 2_000])
def test_the_banner_and_the_page_can_be_read_by_everybody(visits: Visits, reason: str) -> None:
    hold(reason, "a" * 255)
    page = visits().open(PAGE)
    for summary in page.locator(f"{BANNER} summary").all():
        summary.click()
    page.emulate_media(color_scheme="light")
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert violations(page, *COLOURS) == []
    page.set_viewport_size(PHONE)
    settle(page)
    assert look(page, "sideways") + look(page, "overlaps") == []
