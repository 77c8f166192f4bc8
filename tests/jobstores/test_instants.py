"""Instants as claims read them: from the text that each database has for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import connection
from django_apscheduler.models import DjangoJob

from countjobs.jobstores.questions import due_rows, instant
from tests.support.factories import NOON

TOKYO = timezone(timedelta(hours=9))
TEXTS = {
    "2026-11-22 12:00:00+00": datetime(2026, 11, 22, 12, tzinfo=UTC),
    "2026-11-22 12:00:00.12+00": datetime(2026, 11, 22, 12, 0, 0, 120_000, tzinfo=UTC),
    "2026-11-22 17:30:00.000001+05:30": datetime(2026, 11, 22, 12, 0, 0, 1, tzinfo=UTC),
    "1900-01-01 11:15:30-00:44:30": datetime(1900, 1, 1, 12, tzinfo=UTC),
    "2026-11-22 12:00:00": datetime(2026, 11, 22, 3, tzinfo=UTC),
    "2026-11-22 12:00:00.5": datetime(2026, 11, 22, 3, 0, 0, 500_000, tzinfo=UTC),
}


@pytest.mark.parametrize("text", TEXTS)
def test_the_text_of_an_instant_has_an_offset_or_is_in_the_zone_of_the_connection(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.__dict__, "timezone", TOKYO)
    assert instant(text) == TEXTS[text]


@pytest.mark.django_db
def test_due_rows_come_in_the_order_of_their_instants_to_the_microsecond() -> None:
    instants = [NOON + timedelta(microseconds=each) for each in (0, 1, 10, 120_000, 999_999)]
    for number, due in enumerate(reversed(instants)):
        DjangoJob.objects.create(id=str(number), next_run_time=due, job_state=b"")
    assert [row.next_run_time for row in due_rows(NOON + timedelta(days=1), 10)] == instants
