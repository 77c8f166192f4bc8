"""The switch in the list of definitions: what it does, for whom, and what it answers."""

from __future__ import annotations

import re

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_apscheduler.models import DjangoJob

from countjobs.models import CountJob
from tests.support.admin_pages import LIST, cell, said
from tests.support.people import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def definition() -> CountJob:
    return CountJob.objects.create(
        name="a <b>", year="2090", month="1", day="1", hour="0", minute="0"
    )


def address(definition: CountJob) -> str:
    return reverse("admin:countjobs_countjob_enabled", args=[definition.pk])


def is_on(definition: CountJob) -> bool:
    definition.refresh_from_db()
    return definition.enabled


def test_switching_off_pauses_logs_and_says_so(client: Client, definition: CountJob) -> None:
    response = client.post(address(definition), {"enabled": "0"})
    assert not is_on(definition)
    assert DjangoJob.objects.get(id=definition.job_id).next_run_time is None
    assert said(response) == ["“a <b>” was paused."]
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.action_flag) == (str(definition.pk), CHANGE)
    assert entry.user == User.objects.get(username="superuser")


def test_switching_on_says_when_it_runs_next(client: Client, definition: CountJob) -> None:
    CountJob.objects.update(enabled=False)
    response = client.post(address(definition), {"enabled": "1"})
    assert is_on(definition)
    assert said(response) == ["“a <b>” was resumed. Next run: 2090-01-01 00:00:00 UTC"]
    due = DjangoJob.objects.get(id=definition.job_id).next_run_time
    assert due > timezone.now()


def test_to_switch_to_what_it_is_already_changes_and_logs_nothing(
    client: Client, definition: CountJob
) -> None:
    for _ in range(2):
        client.post(address(definition), {"enabled": "0"})
    assert not is_on(definition)
    assert LogEntry.objects.count() == 1


def test_the_list_comes_back_as_it_was_filtered_at_the_row(
    client: Client, definition: CountJob
) -> None:
    page = client.get(f"{LIST}?q=a&o=-1").content.decode()
    found = re.search(r'formaction="([^"]*)"', page)
    assert found
    response = client.post(found[1].replace("&amp;", "&"), {"enabled": "0"})
    assert response["Location"] == f"{LIST}?q=a&o=-1#countjobs-switch-{definition.pk}"
    assert f'id="countjobs-switch-{definition.pk}"' in page


def test_an_answer_in_place_tells_the_state_and_the_next_run(
    client: Client, definition: CountJob
) -> None:
    asked = {"enabled": "0", "in_place": "1"}
    answer = client.post(address(definition), asked).json()
    assert answer["enabled"] is False
    assert "paused" in answer["next_run"]
    assert answer["said"] == "“a <b>” was paused."
    answer = client.post(address(definition), {**asked, "enabled": "1"}).json()
    assert "2090-01-01" in answer["next_run"]
    assert said(client.get(LIST)) == []


def test_a_broken_one_that_is_switched_on_says_what_is_wrong(
    client: Client, definition: CountJob
) -> None:
    CountJob.objects.update(timezone="Mars/Phobos", enabled=False)
    response = client.post(address(definition), {"enabled": "1"})
    assert "There is no time zone “Mars/Phobos”" in said(response)[0]


@pytest.mark.parametrize("given", [{}, {"enabled": ""}, {"enabled": "true"}, {"enabled": "\0"}])
def test_neither_on_nor_off_is_refused(
    client: Client, definition: CountJob, given: dict[str, str]
) -> None:
    assert client.post(address(definition), given).status_code == 400
    assert is_on(definition)


@pytest.mark.parametrize("key", ["0", "abc", "9" * 30, "%00", "1/2", "_00"])
def test_what_is_not_there_is_not_found(client: Client, definition: CountJob, key: str) -> None:
    assert client.post(f"{LIST}{key}/enabled/", {"enabled": "0"}).status_code == 404
    assert is_on(definition)


def test_who_may_not_turn_it_sees_how_it_stands_and_no_switch(definition: CountJob) -> None:
    client = client_of("viewer")
    page = client.get(LIST).content.decode()
    assert 'role="switch"' not in page
    assert cell(page, "switch") == "✓ on"
    CountJob.objects.update(enabled=False)
    assert cell(client.get(LIST).content.decode(), "switch") == "‖ off"


def test_a_switch_tells_its_state_and_whose_it_is(client: Client, definition: CountJob) -> None:
    page = client.get(LIST).content.decode()
    button = re.search(r'<button type="submit" role="switch"[^>]*>', page)
    assert button
    assert 'aria-checked="true"' in button[0]
    assert 'name="enabled" value="0"' in button[0]
    assert 'aria-label="a &lt;b&gt; is enabled"' in button[0]


def test_who_may_pause_but_not_view_may_not_turn_a_switch() -> None:
    definition = CountJob.objects.create(name="unseen")
    client = client_of("pauser")
    User.objects.get().user_permissions.filter(codename="view_countjob").delete()
    answer = client.post(f"{LIST}{definition.pk}/enabled/", {"enabled": "0"})
    definition.refresh_from_db()
    assert (answer.status_code, definition.enabled) == (403, True)
