"""The red banner in a real browser: what it says, and how a person mends what it tells of."""

from __future__ import annotations

from datetime import timedelta

from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from playwright.sync_api import expect

from countjobs.models import CountJob
from tests.support.browsing.page_visits import Visits, at_live_server
from tests.support.factories import make_definition, make_node

pytestmark = at_live_server

BANNER = ".countjobs-banner"


def test_a_person_follows_the_banner_to_a_broken_definition_and_mends_it(visits: Visits) -> None:
    make_node(timezone.now() + timedelta(minutes=5))
    make_definition("sound")
    broken = make_definition("bad one")
    page = visits().open("/admin/")
    expect(page.locator(BANNER)).to_have_count(0)
    CountJob.objects.filter(pk=broken.pk).update(timezone="Mars/Phobos")
    page.reload()
    expect(page.locator(BANNER)).to_have_text("✗ These jobs are broken and don't run: bad one")
    page.locator(BANNER).get_by_role("link").click()
    expect(page.locator("#id_name")).to_have_value("bad one")
    expect(page.locator(".field-next_run")).to_contain_text("broken")
    page.fill("#id_timezone", "Europe/Berlin")
    page.click("[name=_continue]")
    expect(page.locator(".messagelist")).to_contain_text("Next run:")
    expect(page.locator(BANNER)).to_have_count(0)


def test_what_differs_from_the_job_store_is_told_with_the_command_that_mends_it(
    visits: Visits,
) -> None:
    make_node(timezone.now() + timedelta(minutes=5))
    make_definition("lost")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_apscheduler_djangojob")
    page = visits().open("/admin/")
    expect(page.locator(BANNER)).to_contain_text("The job store and the definitions differ.")
    expect(page.locator(BANNER)).to_contain_text("1 definition differs from what schedulers run")
    _manage, command = page.locator(f"{BANNER} code").inner_text().split()
    call_command(command, verbosity=0)
    cache.clear()  # as the minute does in which the answer is kept
    page.reload()
    expect(page.locator(BANNER)).to_have_count(0)
