"""A function job in a real browser: the inputs of the function that one chooses, and a search."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from countjobs import job
from countjobs.functions.registry import Registry
from countjobs.models import CommandJob, FunctionJob
from tests.support.browsing.windows import needs_browser, press
from tests.support.isolated_registry import isolated_registry
from tests.support.shop_functions import FUNCTION_JOBS, shop

__all__ = ["isolated_registry", "shop"]

pytestmark = [*needs_browser, pytest.mark.django_db(transaction=True)]

ADD = f"{FUNCTION_JOBS}add/"


def fill_in(page: Page, name: str) -> None:
    page.fill("#id_name", name)
    page.fill("#id_hour", "3")
    page.fill("#id_minute", "0")


@pytest.mark.usefixtures("shop")
def test_choosing_a_function_shows_its_inputs_and_fills_in_its_rules(desk: Page) -> None:
    desk.goto(ADD)
    fill_in(desk, "mail")
    desk.select_option("#id_function", "shop.mail")
    expect(desk.get_by_role("spinbutton", name="Days", exact=True)).to_have_attribute("min", "1")
    expect(desk.locator("#id_time_limit")).to_have_value("60")
    desk.get_by_role("spinbutton", name="Days", exact=True).fill("7")
    press(desk, "Save")
    expect(desk.locator(".messagelist")).to_contain_text("was added successfully")
    assert FunctionJob.objects.get().arguments == {"days": 7}


@pytest.mark.usefixtures("shop")
def test_changing_the_choice_changes_the_inputs_and_an_error_stands_at_its_own(desk: Page) -> None:
    desk.goto(ADD)
    fill_in(desk, "mail")
    desk.select_option("#id_function", "shop.greet")
    expect(desk.locator("#id_arguments-user")).to_be_attached()
    desk.select_option("#id_function", "shop.mail")
    expect(desk.locator("#id_arguments-user")).not_to_be_attached()
    desk.get_by_role("spinbutton", name="Days", exact=True).fill("0")
    press(desk, "Save")
    expect(desk.locator("#id_arguments-days_error")).to_contain_text("greater than or equal to 1")
    expect(desk.get_by_role("spinbutton", name="Days", exact=True)).to_have_value("0")


@pytest.mark.usefixtures("shop")
def test_an_object_is_found_by_typing(desk: Page) -> None:
    ann = User.objects.create_user("ann")
    desk.goto(ADD)
    fill_in(desk, "greet")
    desk.select_option("#id_function", "shop.greet")
    desk.locator(".countjobs-argument .select2-selection").click()
    desk.locator(".select2-search__field").fill("an")
    desk.locator(".select2-results__option", has_text=re.compile("^ann$")).click()
    desk.get_by_label("On", exact=True).fill("2026-03-04")
    press(desk, "Save")
    expect(desk.locator(".messagelist")).to_contain_text("was added successfully")
    assert FunctionJob.objects.get().arguments == {"user": ann.pk, "on": "2026-03-04"}


def test_rows_of_texts_that_come_with_a_choice_can_be_added(
    desk: Page, isolated_registry: Registry
) -> None:
    def tag(words: list[str], texts: dict[str, str]) -> None:
        """Never called."""

    job(name="shop.tag")(tag)
    desk.goto(ADD)
    fill_in(desk, "tag")
    desk.select_option("#id_function", "shop.tag")
    words = desk.locator(".countjobs-argument", has_text="Words")
    words.get_by_role("button", name="Add a row").click()
    expect(words.locator("textarea")).to_have_count(3)
    for number, text in enumerate("abc"):
        words.locator("textarea").nth(number).fill(text)
    words.locator("li").nth(2).get_by_role("button", name="Move up").click()
    press(desk, "Save")
    expect(desk.locator(".messagelist")).to_contain_text("was added successfully")
    assert FunctionJob.objects.get().arguments == {"words": ["a", "c", "b"], "texts": {}}


@pytest.mark.usefixtures("shop")
def test_without_a_script_the_second_save_has_the_inputs(desk: Page) -> None:
    desk.route(
        "**/arguments*.js", lambda route: route.fulfill(body="", content_type="text/javascript")
    )
    desk.goto(ADD)
    fill_in(desk, "mail")
    desk.select_option("#id_function", "shop.mail")
    press(desk, "Save")
    desk.get_by_role("spinbutton", name="Days", exact=True).fill("7")
    expect(desk.locator("#id_time_limit")).to_have_value("60")
    press(desk, "Save")
    expect(desk.locator(".messagelist")).to_contain_text("was added successfully")
    assert FunctionJob.objects.get().arguments == {"days": 7}


def test_choosing_a_command_shows_its_help(desk: Page) -> None:
    desk.goto("/admin/countjobs/commandjob/add/")
    fill_in(desk, "purge")
    desk.select_option("#id_command", "purgeexecutions")
    expect(desk.locator(".countjobs-command-help pre")).to_contain_text("--keep N")
    desk.fill("#id_arguments", "--days 30")
    press(desk, "Save")
    expect(desk.locator(".messagelist")).to_contain_text("was added successfully")
    assert CommandJob.objects.get().arguments == "--days 30"
