"""A definition's page in a real browser: messages in rows, a warning, and a run with other values.

Pages come with a strict Content-Security-Policy, and the browser's console must stay empty.
"""

from __future__ import annotations

from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.browsing.windows import FIRE_TIMES, needs_browser, opened

pytestmark = needs_browser

ROW = ".countjobs-rows li:has(> input)"


def expect_rows(page: Page, *rows: tuple[str, str]) -> None:
    """Waits for a page whose rows have these keys and texts; any after them are empty."""
    shown = page.locator(ROW)
    for number, row in enumerate(rows):
        for field, value in zip(("input", "textarea"), row, strict=True):
            expect(shown.nth(number).locator(field)).to_have_value(value)
    for empty in shown.all()[len(rows) :]:
        expect(empty.locator("input")).to_have_value("")
        expect(empty.locator("textarea")).to_have_value("")


def test_a_person_adds_rows_with_the_keyboard_moves_one_errs_at_one_and_loses_nothing(
    page: Page,
) -> None:
    keys = page.keyboard
    page.fill("#id_name", "rows")
    page.fill("#id_minute", "*")
    page.focus("#id_messages")
    for key in ("one", "Tab", "1st", "Tab", "Tab", "Tab", "two", "Tab", "2nd"):
        keys.press(key) if key == "Tab" else keys.type(key)
    for key in ("Tab", "Tab", "Tab", "Enter", "Tab"):  # up, remove, add; from the key to the text
        keys.press(key)
    keys.type("3rd")
    expect(page.locator(ROW)).to_have_count(3)
    keys.press("Alt+ArrowUp")
    expect(page.locator(".countjobs-rows [role=status]")).to_have_text("Row 2 of 3")
    typed = [("one", "1st"), ("", "3rd"), ("two", "2nd")]
    expect_rows(page, *typed)
    page.click("[name=_save]")

    wrong = page.locator(f"{ROW}.errors")
    expect(wrong).to_contain_text("This text has no key.")
    expect(wrong.locator("input")).to_have_attribute("aria-invalid", "true")
    expect_rows(page, *typed)
    wrong.locator("input").focus()
    keys.type("three")
    page.locator(ROW).first.get_by_role("button", name="Move down").press("Enter")
    expect(page.locator(ROW).first.locator("input")).to_have_attribute("id", "id_messages")
    page.click("[name=_continue]")
    expect(page.locator(".messagelist")).to_contain_text("Next run:")
    expect_rows(page, ("three", "3rd"), ("one", "1st"), ("two", "2nd"))

    page.locator(ROW).first.get_by_role("button", name="Remove").press("Enter")
    page.locator(ROW).first.locator("input").press("Enter")
    expect(page.locator("#result_list")).to_contain_text("rows")
    page.click("text=rows")
    expect_rows(page, ("one", "1st"), ("two", "2nd"))


def test_a_warning_of_a_clock_change_comes_while_the_schedule_is_typed(page: Page) -> None:
    page.fill("#id_hour", "2")
    page.fill("#id_minute", "30")
    expect(page.locator(".countjobs-warnings")).to_have_count(0)
    page.fill("#id_timezone", "Europe/Berlin")
    expect(page.locator(".countjobs-warnings li")).to_have_count(2)
    expect(page.locator(".countjobs-warnings")).to_contain_text("The job runs at 03:30 instead")
    page.fill("#id_second", "*")
    expect(page.locator(".countjobs-warnings")).to_contain_text("The job runs every second")


def test_a_preview_is_renewed_while_the_page_is_looked_at(page: Page) -> None:
    page.clock.install()
    page.goto(f"{page.url}?minute=0")
    expect(page.locator(FIRE_TIMES)).to_have_count(10)
    with page.expect_request("**/preview/"):
        page.clock.run_for(61_000)


def test_a_person_runs_a_job_with_another_count_and_message_and_lands_on_the_run(
    page: Page,
) -> None:
    page.click("text=Count jobs >> nth=0")
    page.click("#result_list >> text=count three")
    page.click("text=Run now…")
    expect(page.locator("h1")).to_have_text("Run now: count three")
    page.fill("#id_count", "-1")
    page.locator(ROW).first.locator("textarea").fill("once only")
    page.click("[type=submit].default")
    expect(page.locator("#id_count_error")).to_be_visible()
    page.fill("#id_count", "2")
    page.click("[type=submit].default")
    page.wait_for_url("**/execution/*/change/")
    expect(page.locator(".messagelist")).to_contain_text("Run requested:")
    shown = page.locator("#content")
    expect(shown).to_contain_text("once only")
    for _look in range(20):
        if "2 count finished." in shown.inner_text():
            break
        page.wait_for_timeout(250)
        page.reload()
    expect(shown).to_contain_text("2 count finished.")
    expect(shown).to_contain_text("one, once only")


def left_edges(cells: Locator) -> list[float]:
    boxes = [cell.bounding_box() for cell in cells.all()]
    return [box["x"] for box in boxes if box]


def test_the_heads_of_the_figures_of_runs_stand_above_their_columns(page: Page) -> None:
    page.click("text=Count jobs >> nth=0")
    page.click("#result_list >> text=count three")
    figures = page.locator("table", has=page.get_by_role("columnheader", name="p50"))
    for _look in range(60):
        if figures.count():
            break
        page.wait_for_timeout(250)  # until the first run has ended
        page.reload()
    edges = left_edges(figures.locator("tbody tr").first.locator("td"))
    assert len(edges) == 2
    assert left_edges(figures.locator("thead th")) == edges


def test_without_a_script_rows_are_filled_in_and_emptied(
    browser: Browser, quickstart: dict[str, str]
) -> None:
    page = opened(browser, quickstart, java_script_enabled=False)
    expect(page.locator(".countjobs-rows button:visible")).to_have_count(0)
    page.fill("#id_name", "rows without")
    page.fill("#id_minute", "*")
    for number, row in enumerate(page.locator(ROW).all()):
        row.locator("input").fill(f"k{number}")
        row.locator("textarea").fill("a text\nof two lines")
    page.click("[name=_continue]")
    expect(page.locator(".messagelist")).to_be_visible()
    expect_rows(page, ("k0", "a text\nof two lines"), ("k1", "a text\nof two lines"))
    page.fill("#id_messages", "")
    page.locator(ROW).first.locator("textarea").fill("")
    page.click("[name=_continue]")
    expect_rows(page, ("k1", "a text\nof two lines"))
    page.context.close()
