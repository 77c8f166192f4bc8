"""Issue 8, line 20: the scripts work where files are served under their hashes, and no others."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.staticfiles.finders import find
from playwright.sync_api import Browser, Page, expect

from tests.support import lived_in as row
from tests.support.browsing.windows import FIRE_TIMES, needs_browser, new_window, without_complaints
from tests.support.lived_in_site import Site
from tests.support.paths import ROOT

SETTINGS = "tests.support.browsing.settings_hashed"
STORAGES = (
    "whitenoise.storage.CompressedManifestStaticFilesStorage",
    "django.contrib.staticfiles.storage.ManifestStaticFilesStorage",
)


def test_no_script_names_another() -> None:
    """Storages find such names in scripts only where a project has told them to look."""
    scripts = [*Path(str(find("countjobs/post.js"))).parent.glob("*.js")]
    assert len(scripts) > 5
    for script in scripts:
        assert not re.search(r"^\s*(import|export)\b|\bimport\(", script.read_text(), re.MULTILINE)


def collect(directory: Path, variables: dict[str, str]) -> None:
    """Collect the files, and leave only those whose names have a hash."""
    subprocess.run(
        [sys.executable, ROOT / "manage.py", "collectstatic", "--no-input", "--verbosity=0"],
        env=os.environ | variables | {"DJANGO_SETTINGS_MODULE": SETTINGS, "SECRET_KEY": "x" * 60},
        check=True,
        timeout=120,
    )
    known: dict[str, str] = json.loads((directory / "staticfiles.json").read_text())["paths"]
    for plain, hashed in known.items():
        if plain != hashed:
            (directory / plain).unlink(missing_ok=True)
    assert not (directory / "countjobs/post.js").exists()
    assert (directory / known["countjobs/post.js"]).exists()


@pytest.fixture(scope="module", params=STORAGES, ids=lambda path: path.partition(".")[0])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("hashed")
    static = directory / "static"
    variables = {"TEST_STATIC_ROOT": str(static), "TEST_STATIC_STORAGE": request.param}
    collect(static, variables)
    site = Site(directory, SETTINGS, full=True, **variables)
    try:
        yield site.wait()
    finally:
        site.clean_up()


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    window = new_window(browser)
    key = site.sessions["superuser"]
    window.add_cookies([{"name": "sessionid", "value": key, "url": site.address}])
    with without_complaints(window):
        yield window.new_page()


pytestmark = needs_browser


def test_the_form_previews_and_reads_a_crontab_line(page: Page, site: Site) -> None:
    page.goto(f"{site.address}countjobs/countjob/{row.SHORT}/change/")
    expect(page.locator(FIRE_TIMES)).to_have_count(10)
    page.fill("#id_crontab_line", "30 9 * * 1-5")
    page.click("text=Fill in the fields")
    expect(page.locator("#id_day_of_week")).to_have_value("mon-fri")
    expect(page.locator(".countjobs-sentence")).to_have_text("at 09:30, Monday to Friday")
    page.click("[data-add]")
    expect(page.locator("[name=messages_key]").last).to_be_focused()


def test_a_switch_works_in_place(page: Page, site: Site) -> None:
    page.goto(f"{site.address}countjobs/countjob/")
    page.evaluate("window.untouched = true")
    switch = page.locator("[role=switch]").last
    was = switch.get_attribute("aria-checked")
    switch.click()
    expect(switch).not_to_have_attribute("aria-checked", str(was))
    assert page.evaluate("window.untouched")


def test_a_run_is_followed_and_the_overview_is_renewed(page: Page, site: Site) -> None:
    with page.expect_response("**/live/") as answer:
        page.goto(f"{site.address}countjobs/execution/{row.RUNNING}/change/")
    assert answer.value.ok
    expect(page.locator("[data-countjobs-live]")).to_be_hidden()
    page.goto(f"{site.address}countjobs/execution/overview/")
    expect(page.locator("[data-countjobs-refresh] input")).to_be_visible()


def test_the_filter_by_job_suggests_names(page: Page, site: Site) -> None:
    page.goto(f"{site.address}countjobs/execution/")
    with page.expect_response("**/jobs/*") as answer:
        page.locator("#countjobs-job").press_sequentially("paus")
    assert answer.value.ok
    expect(page.locator("#countjobs-jobs option")).to_have_count(1)
