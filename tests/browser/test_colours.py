"""Issue 8, line 36: colours of outputs in a real browser, and as they grow."""

from __future__ import annotations

from typing import Literal

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from countjobs.models import Execution
from countjobs.models.executions import Status
from tests.support.browsing.page_visits import Visits, at_live_server
from tests.support.factories import make_execution
from tests.support.looking import violations

pytestmark = at_live_server

ALL = "".join(
    f"\x1b[{start + number}m{start + number} \x1b[2mdim\x1b[22m \x1b[7minverse\x1b[0m\n"
    for start in (30, 40, 90, 100)
    for number in range(8)
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_colours_are_readable_and_come_as_classes(
    visits: Visits, scheme: Literal["light", "dark"]
) -> None:
    run = make_execution(output=ALL)
    visit = visits()
    visit.page.emulate_media(color_scheme=scheme)
    page = visit.open(f"/admin/countjobs/execution/{run.pk}/change/")
    box = page.locator(".field-output_text pre")
    expect(box.locator(".countjobs-fg-1").first).to_have_text("31 ")
    colours = page.evaluate(
        "() => [...document.querySelectorAll('.field-output_text pre > [class*=fg-]')]"
        ".map(each => getComputedStyle(each).color)"
    )
    assert len(set(colours)) > 15
    assert violations(page) == []


def test_growing_output_is_added_to_and_keeps_what_is_there(visits: Visits) -> None:
    told = {"started_at": timezone.now(), "output": "\x1b[31mred\x1b[0m pla"}
    run = make_execution(Status.RUNNING, **told)
    visit = visits()
    page = visit.open(f"/admin/countjobs/execution/{run.pk}/change/")
    box = page.locator(".field-output_text pre")
    expect(box).to_have_text("red pla")
    page.evaluate("() => { window.first = document.querySelector('.field-output_text span'); }")
    Execution.objects.update(output="\x1b[31mred\x1b[0m plain \x1b[32mgreen")
    expect(box).to_have_text("red plain green", timeout=20_000)
    expect(box.locator(".countjobs-fg-2")).to_have_text("green")
    assert page.evaluate("() => window.first.isConnected"), "what is there is not replaced"
    Execution.objects.update(output="other \x1b[32mgreener", status=Status.SUCCEEDED)
    expect(box).to_have_text("other greener", timeout=20_000)
    expect(box.locator("span")).to_have_count(1)
