"""What is done on a page before it is looked at."""

from __future__ import annotations

import json
from functools import partial

from playwright.sync_api import Page


def save_nonsense(page: Page) -> None:
    page.fill("#id_hour", "25")
    page.fill("#id_end_date_0", "tomorrow")
    page.click("[name=_save]")
    page.wait_for_selector(".errornote")


def save_a_wrong_rule(page: Page) -> None:
    page.get_by_text("If something goes wrong").click()
    page.fill("#id_retries", "101")
    page.click("[name=_save]")
    page.wait_for_selector(".errornote")


def paste_nonsense(page: Page) -> None:
    page.fill("#id_crontab_line", "0 0 13 * 5 " + "x" * 300)
    page.click("text=Fill in the fields")
    page.wait_for_selector(".countjobs-wrong")


def act_on_all(page: Page, action: str, awaited: str) -> None:
    page.check("#action-toggle")
    page.select_option("[name=action]", action)
    page.click("[name=index]")
    page.wait_for_selector(awaited)


pick_all_to_delete = partial(act_on_all, action="delete_selected", awaited="#content [type=submit]")
run_all = partial(act_on_all, action="run_now", awaited=".messagelist .success")


def cancel_one(page: Page) -> None:
    # One that other pages don't need: all of them look at the same site.
    page.locator(".countjobs-act button").last.click()
    page.wait_for_selector(".messagelist .success")


def show_a_dry_run(page: Page) -> None:
    entries = [
        {"model": "countjobs.countjob", "name": "count", "count": 7},
        {"model": "countjobs.countjob", "name": "n" * 200, "description": "d" * 300},
        {"model": "countjobs.countjob", "name": "refused", "hour": "25"},
    ]
    file = {"format": "countjobs", "version": 1, "definitions": entries}
    page.fill("#id_text", json.dumps(file))
    page.click("#content form [type=submit]")
    page.wait_for_selector(".countjobs-plan")


def choose_a_function(page: Page) -> None:
    page.select_option("#id_function", "project.jobs.greet")
    page.wait_for_selector("#id_arguments-language")


def save_wrong_arguments(page: Page) -> None:
    choose_a_function(page)
    page.fill("#id_arguments-wait", "soon")
    page.click("[name=_save]")
    page.wait_for_selector("#id_arguments-wait_error")


def send_a_test(page: Page) -> None:
    page.get_by_role("button", name="Send a test").click()
    page.wait_for_selector(".messagelist .warning")
