"""Definitions as a file, in a real browser: exported, edited, looked at, imported.

Pages come with a strict Content-Security-Policy, and the browser's console must stay empty.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsing.windows import PHONE, needs_browser, opened, without_complaints
from tests.support.transfers import document, entry

pytestmark = needs_browser

ROWS = ".countjobs-plan tbody tr"
SHOW = "text=Show what would change"


@pytest.fixture
def page(browser: Browser, quickstart: dict[str, str]) -> Iterator[Page]:
    page = opened(browser, quickstart, accept_downloads=True)
    with without_complaints(page.context):
        page.goto(f"{quickstart['Address']}countjobs/countjob/")
        yield page


def paste(page: Page, text: str) -> None:
    """Have a dry run of a pasted text."""
    page.click(".object-tools >> text=Import")
    page.fill("#id_text", text)
    page.click(SHOW)


def test_a_person_exports_edits_looks_and_imports(page: Page, tmp_path: Path) -> None:
    paste(page, document(entry("night", hour="3", minute="0"), entry("noon", hour="12")))
    page.click("text=Import 2 definitions")
    expect(page.locator(".messagelist")).to_contain_text("Imported: 2 added.")

    for name in ("night", "noon"):
        page.locator("#result_list tr", has_text=name).locator(".action-select").check()
    page.select_option("[name=action]", label="Export")
    with page.expect_download() as download:
        page.click("[name=index]")
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    assert file.name == "countjobs.countjob.json"
    exported = json.loads(file.read_text())
    assert [each["name"] for each in exported["definitions"]] == ["night", "noon"]

    exported["definitions"][0]["hour"] = "25"
    file.write_text(json.dumps(exported))
    page.click(".object-tools >> text=Import")
    page.set_input_files("#id_file", file)
    page.click(SHOW)
    expect(page.locator(ROWS).first).to_contain_text("hour")
    expect(page.locator(ROWS).first).to_contain_text("“25” is not understood")
    expect(page.locator(ROWS)).to_have_count(2)

    exported["definitions"][0]["hour"] = "4"
    file.write_text(json.dumps(exported))
    page.set_input_files("#id_file", file)
    page.click(SHOW)
    expect(page.locator(ROWS).first.locator("del")).to_have_text('"3"')
    expect(page.locator(ROWS).first.locator("ins")).to_have_text('"4"')
    page.click("text=Import 1 definition")
    expect(page.locator(".messagelist")).to_contain_text("Imported: 1 changed, 1 unchanged.")
    expect(page.locator("#result_list tr", has_text="night")).to_contain_text("at 04:00")


def test_a_file_of_several_kinds_is_looked_at_and_imported_at_once(
    page: Page, quickstart: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "jobs.json"
    command = {"model": "countjobs.commandjob", "name": "clear", "command": "clearsessions"}
    bad = {**command, "name": "flush all", "command": "flush"}
    file.write_text(document(entry("of several", hour="3"), command, bad))
    page.goto(f"{quickstart['Address']}countjobs/execution/import/")
    page.set_input_files("#id_file", file)
    page.click(SHOW)
    expect(page.locator(".countjobs-plan tbody", has_text="flush all")).to_contain_text("command")
    expect(page.locator(".countjobs-plan tbody", has_text="of several")).to_contain_text(
        "Count job"
    )
    page.check("[name=leave_out]")
    page.click("text=Import 2 definitions")
    expect(page.locator(".messagelist")).to_contain_text("Imported: 1 refused, 2 added.")
    page.goto(f"{quickstart['Address']}countjobs/commandjob/")
    expect(page.locator("#result_list tr", has_text="clear")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_but_the_table_scrolls_sideways(
    scheme: Any, browser: Browser, quickstart: dict[str, str]
) -> None:
    page = opened(browser, quickstart, viewport=PHONE, color_scheme=scheme)
    page.goto(f"{quickstart['Address']}countjobs/countjob/import/")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    bad = entry("y" * 200, hour="25" + "z" * 300)
    page.fill("#id_text", document(entry("x" * 200, description="w" * 900), bad))
    page.click(SHOW)
    expect(page.locator(ROWS)).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.context.close()
