"""What messages say: in a subject, as text, as HTML, and as JSON."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import override_settings
from django.utils import translation
from pytest_django import Settings

from countjobs.alerts.composing import compose, happened
from countjobs.alerts.events import EVENTS, LASTING, Event
from countjobs.alerts.message import Message
from countjobs.alerts.models import Alert
from tests.support.alerting import unsaved
from tests.support.factories import NOON


@pytest.fixture(autouse=True)
def _site(settings: Settings) -> None:
    settings.COUNTJOBS = {"SITE_URL": "https://jobs.example.com"}
    settings.TIME_ZONE = "UTC"


def composed(*alerts: Alert) -> Message:
    return compose(alerts, uuid4())


def failed(number: int = 0, **fields: object) -> Alert:
    values = {"job_id": f"countjobs.countjob:{number}", "execution_id": 70 + number}
    return unsaved("failed", number, **{**values, "reason": "ValueError: no", **fields})


def test_a_message_says_what_since_when_why_what_to_do_and_links_to_the_run() -> None:
    message = composed(failed(7))
    assert message.subject == "[jobs.example.com] Job “code 7” failed"
    assert message.text == (
        "Job “code 7” failed\n"
        "Since 2026-03-04 12:00 UTC.\n"
        "ValueError: no\n"
        "The run: https://jobs.example.com/admin/countjobs/execution/77/change/\n"
        "The job: https://jobs.example.com/admin/countjobs/countjob/7/change/\n"
        "\n"
        "Look at the run's error and output. When the cause is gone, run the job again: its next"
        " success ends this.\n"
    )
    for part in ("Job “code 7” failed", "Since 2026-03-04 12:00 UTC.", "ValueError: no"):
        assert part in message.html
    assert 'href="https://jobs.example.com/admin/countjobs/execution/77/change/"' in message.html


def test_a_storm_is_one_message_with_the_first_ten() -> None:
    storm = [failed(number) for number in range(37)]
    storm[3].created_at = NOON - timedelta(minutes=5)
    message = composed(*storm)
    assert message.subject == "[jobs.example.com] 37 jobs failed, since 2026-03-04 11:55 UTC"
    assert message.text.startswith("37 jobs failed\n\nJob “code 0” failed\n")
    assert message.text.count("The run:") == message.html.count("<li>") == 10
    assert "And 27 more." in message.text
    assert "And 27 more." in message.html
    assert len(message.payload["alerts"]) == message.payload["count"] == 37


def test_events_are_told_apart() -> None:
    message = composed(
        failed(1),
        failed(2),
        unsaved("recovered", 3, recovered_from="failed"),
        unsaved("silent", 4, is_reminder=True),
        unsaved("broke", 5),
    )
    assert message.subject == (
        "[jobs.example.com] 1 job is broken, 2 jobs failed, 1 job is still silent,"
        " 1 job recovered, since 2026-03-04 12:00 UTC"
    )
    assert "Job “code 4” is still silent, since 2026-03-04 12:00 UTC" in message.text
    assert "Job “code 3” succeeded again\nIt had been so since 2026-03-04" in message.text


def test_a_job_that_fails_and_recovers_all_the_time_is_one_job() -> None:
    alerts = [failed(1), unsaved("recovered", 1, recovered_from="failed")] * 6
    for each in alerts:
        each.job_id = "one"
    message = composed(*alerts)
    assert "1 job failed, 1 job recovered" in message.subject
    assert message.text.count("failed\n") == 1
    assert len(message.payload["alerts"]) == 12, "programs are told all, in order"


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_event_can_be_told_in_both_languages(language: str, settings: Settings) -> None:
    settings.LANGUAGE_CODE = language
    alerts = [
        *(unsaved(event, 1) for event in EVENTS if event != Event.RECOVERED),
        *(unsaved("recovered", 2, recovered_from=event) for event in LASTING),
        *(unsaved(event, 3, is_reminder=True) for event in LASTING),
        unsaved("test", job_id="", job_name="", since=None),
    ]
    for alert in alerts:
        composed(alert)
    message = composed(*alerts)
    assert f'lang="{language}"' in message.html
    if language == "en":
        assert composed(alerts[-1]).subject.endswith("A test: messages arrive here.")
        assert composed(alerts[-1]).text == "A test: messages arrive here.\n"


def test_a_message_is_in_the_installations_language_whoever_sends_it() -> None:
    with translation.override("ja"):
        assert "failed" in composed(failed()).subject


HARD = [
    "a\nb",
    "a\r\nBcc: x@y.z",
    "<script>alert(1)</script>",
    "\ud800",
    "\0",
    "%s %(job)s",
    "{{ x }}",
    "n" * 255,
    "\u202e",
    "名" * 255,
]


@pytest.mark.parametrize("text", HARD, ids=range(len(HARD)))
def test_no_name_nor_error_breaks_a_message(text: str) -> None:
    message = composed(failed(1, job_name=text, group=text), failed(2, job_name=text))
    one = composed(failed(1, job_name=text, reason=text))
    for each in (message, one):
        assert each.subject.isprintable()
        assert "<script>" not in each.html
        for part in (each.subject, each.text, each.html):
            part.encode()
            assert "\0" not in part
        assert json.loads(json.dumps(each.payload)) == each.payload
    assert one.text.count("\n") == 7


def test_the_same_alerts_make_the_same_message() -> None:
    alerts, message_id = [failed(number) for number in range(3)], uuid4()
    first = compose(alerts, message_id)
    assert compose(alerts, message_id) == first
    assert first.id == first.payload["id"] == str(message_id)


def test_programs_are_told_all_that_is_known() -> None:
    (alert,) = composed(failed(7, group="night")).payload["alerts"]
    assert alert == {
        "event": "failed",
        "recovered_from": None,
        "is_reminder": False,
        "job_id": "countjobs.countjob:7",
        "job": "code 7",
        "group": "night",
        "since": "2026-03-04T12:00:00+00:00",
        "happened_at": "2026-03-04T12:00:00+00:00",
        "reason": "ValueError: no",
        "run": 77,
        "run_url": "https://jobs.example.com/admin/countjobs/execution/77/change/",
        "job_url": "https://jobs.example.com/admin/countjobs/countjob/7/change/",
    }


@pytest.mark.parametrize("site", ["https://example.com/jobs", "https://example.com/jobs/"])
def test_the_site_may_be_below_a_path(site: str, settings: Settings) -> None:
    settings.COUNTJOBS = {"SITE_URL": site}
    message = composed(failed(7))
    assert "https://example.com/jobs/admin/countjobs/execution/77/change/" in message.text
    assert message.subject.startswith("[example.com] ")


def test_without_a_site_there_are_no_links(settings: Settings) -> None:
    settings.COUNTJOBS = {}
    message = composed(failed(7))
    assert message.subject == "Job “code 7” failed"
    assert "http" not in message.text
    assert "href" not in message.html
    assert message.payload["alerts"][0]["run_url"] is None


def test_without_admin_pages_there_are_no_links() -> None:
    with override_settings(ROOT_URLCONF="tests.support.no_urls"):
        assert "http" not in composed(failed(7)).text


def test_a_page_says_the_same_in_the_language_of_its_user() -> None:
    assert happened(failed(7)) == "Job “code 7” failed"
