"""The article's test, written for this app."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import pytest

from countjobs.models import Execution
from countjobs.models.countjob import count_job
from countjobs.schedulers import create_scheduler
from tests.support.waiting import wait_until

MESSAGES = {"one": "one count.", "two": "two count.", "three": "three count."}


@pytest.mark.django_db(transaction=True)
def test_a_background_scheduler_counts_on_the_five_second_marks(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    scheduler = create_scheduler(background=True)
    scheduler.add_job(
        count_job,
        "cron",
        month="*",
        hour="*",
        minute="*",
        second="*/5",
        start_date=datetime.now(UTC),
        args=[MESSAGES, 3],
    )
    scheduler.start()
    try:
        wait_until(lambda: Execution.objects.filter(status="succeeded").count() >= 2)
    finally:
        scheduler.shutdown()
    for text in ("one, one count.", "two, two count.", "three, three count.", "3 count finished."):
        assert caplog.text.count(text) == Execution.objects.count()
    for execution in Execution.objects.all():
        assert execution.scheduled_at.second % 5 == 0
        assert execution.scheduled_at.microsecond == 0
        assert execution.output.splitlines()[:3] == ["0", "1", "2"]
