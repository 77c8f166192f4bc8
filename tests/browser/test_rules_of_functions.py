"""The rules that a function brings along, in the form of a new definition."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from countjobs.functions.registry import Registry, job
from countjobs.models import FunctionJob
from tests.support.browsing.windows import needs_browser

pytestmark = [*needs_browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def form(desk: Page, isolated_registry: Registry) -> Page:
    """The form of a new definition, with two functions to choose from."""

    @job(name="shop.report", time_limit=600, executor="processes", overlap="replace", retries=3)
    def report() -> None: ...

    @job(name="shop.purge", time_limit=60, coalesce=False, rerun_if_lost=True)
    def purge() -> None: ...

    desk.goto("/admin/countjobs/functionjob/add/")
    return desk


def choose(page: Page, name: str) -> None:
    with page.expect_response("**/inputs/"):
        page.select_option("#id_function", name)
    expect(page.locator("[data-countjobs-arguments]")).to_contain_text("no arguments")


def test_choices_numbers_and_checkboxes_are_filled_in(form: Page) -> None:
    choose(form, "shop.report")
    expect(form.locator("#id_time_limit")).to_have_value("600")
    expect(form.locator("#id_executor")).to_have_value("processes")
    expect(form.locator("#id_overlap")).to_have_value("replace")
    expect(form.locator("#id_coalesce")).to_be_checked()


def test_another_function_brings_its_own_rules(form: Page) -> None:
    choose(form, "shop.report")
    choose(form, "shop.purge")
    expect(form.locator("#id_time_limit")).to_have_value("60")
    expect(form.locator("#id_executor")).to_have_value("default")
    expect(form.locator("#id_retries")).to_have_value("0")
    expect(form.locator("#id_coalesce")).not_to_be_checked()
    expect(form.locator("#id_rerun_if_lost")).to_be_checked()


def test_what_a_person_has_typed_stays(form: Page) -> None:
    choose(form, "shop.report")
    form.locator("details:has(#id_time_limit) > summary").click()
    form.fill("#id_time_limit", "700")
    choose(form, "shop.purge")
    expect(form.locator("#id_time_limit")).to_have_value("700")


def test_they_are_saved(form: Page) -> None:
    choose(form, "shop.purge")
    form.fill("#id_name", "purge")
    form.fill("#id_hour", "3")
    form.get_by_role("button", name="Save", exact=True).click()
    form.wait_for_url("**/functionjob/")
    saved = FunctionJob.objects.get()
    assert (saved.time_limit, saved.coalesce, saved.rerun_if_lost) == (60, False, True)
