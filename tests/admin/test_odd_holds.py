"""A hold that raw SQL has written: pages show it all the same."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.utils import timezone

from countjobs.models import CountJob, Hold
from countjobs.models.holds import MOST_REASON
from tests.support.people import client_of

pytestmark = pytest.mark.django_db
PAGES = ("/admin/", "/admin/countjobs/", "/admin/countjobs/countjob/")


def assert_pages_show_it(client: Client) -> None:
    for page in PAGES:
        response = client.get(page)
        assert response.status_code == 200
        assert b"All jobs are held." in response.content


@pytest.mark.parametrize(
    ("at", "zone"),
    [
        (datetime(9999, 12, 31, 23, 59, tzinfo=UTC), "Asia/Tokyo"),
        (datetime(1, 1, 1, tzinfo=UTC), "America/Los_Angeles"),
    ],
)
def test_a_time_that_no_zone_has_is_shown(at: datetime, zone: str) -> None:
    CountJob.objects.create(name="job", hour="3")
    Hold.objects.bulk_create([Hold(reason="upgrade", held_at=at)])
    with timezone.override(zone):
        assert_pages_show_it(client_of("superuser"))


def test_a_reason_without_end_is_cut_off() -> None:
    Hold.objects.bulk_create([Hold(reason="x" * 300_000, held_at=timezone.now())])
    response = client_of("superuser").get("/admin/")
    assert b"x" * (MOST_REASON - 100) in response.content
    assert b"x" * (MOST_REASON + 1) not in response.content
