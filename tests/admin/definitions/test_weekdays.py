"""Weekday numbers, and what cron means by them: the trap that people coming from cron fall into."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError

from countjobs.models import CountJob
from tests.support.definition_form import form_values
from tests.support.people import client_of

pytestmark = pytest.mark.django_db

SUNDAY = datetime(2026, 11, 22, 10, tzinfo=UTC)


def _next_after_sunday(**fields: str) -> str:
    job = CountJob(name="job", hour="9", minute="0", **fields)
    job.full_clean(validate_unique=False)
    following = job.next_fire_time(SUNDAY)
    assert following is not None
    return f"{following:%a %d}"


def test_promise_15_weekday_numbers_are_shown_as_names_once_they_are_saved() -> None:
    job = CountJob.objects.create(name="job", day_of_week="0,4-6")
    assert job.day_of_week == "mon,fri-sun"
    page = client_of("superuser").get("/admin/countjobs/countjob/").content.decode()
    assert "mon,fri-sun" in page


def test_promise_15_zero_is_monday_and_never_cron_s_sunday() -> None:
    assert _next_after_sunday(day_of_week="0") == "Mon 23"
    assert _next_after_sunday(day_of_week="sun") == "Sun 29"


def test_promise_15_a_day_and_a_weekday_must_both_match() -> None:
    # In cron it would be every Friday, and every 13th.
    assert _next_after_sunday(day="13", day_of_week="fri") == "Fri 13"
    assert _next_after_sunday(day_of_week="fri") == "Fri 27"


@pytest.mark.parametrize(
    ("field", "pasted", "hint"),
    [
        ("day_of_week", "7", "0 (mon) to 6 (sun)"),
        ("minute", "*/5 * * * *", "is not understood"),
        ("minute", "@daily", "is not understood"),
        ("day", "?", "is not understood"),
        ("day_of_week", "5#2", "is not understood"),
    ],
)
def test_promise_15_what_only_cron_understands_is_refused_and_not_guessed(
    field: str, pasted: str, hint: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        CountJob(name="job", **{field: pasted}).full_clean(validate_unique=False)
    assert hint in " ".join(refused.value.message_dict[field])


def test_promise_15_the_next_fire_time_is_shown_when_a_schedule_is_saved() -> None:
    job = CountJob.objects.create(name="job", year="2099", day_of_week="0", hour="9", minute="0")
    page = client_of("superuser").post(
        f"/admin/countjobs/countjob/{job.pk}/change/",
        form_values(job.cron),
        follow=True,
    )
    assert "Next run: 2099-01-05 09:00:00 UTC" in page.content.decode()
