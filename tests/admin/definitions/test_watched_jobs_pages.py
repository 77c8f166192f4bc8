"""The list and the page of definitions that are silent, or that have paused themselves."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from countjobs.models import CountJob, JobWatch
from countjobs.models.executions import Status
from tests.app.models import Greeting
from tests.support.admin_pages import LIST, cell, change_url, field, run_url, words
from tests.support.factories import NOON, SECOND, chain_of, execution_of
from tests.support.people import client_of, user_of
from tests.support.watches import pause_itself, silence

pytestmark = pytest.mark.django_db


@pytest.fixture
def definition() -> CountJob:
    return CountJob.objects.create(name="a", timezone="Asia/Tokyo", pause_after=3)


def notices(client: Client, definition: CountJob) -> str:
    page = client.get(change_url(definition)).content.decode()
    found = re.search(r'<div class="countjobs-notice">(.*?)</div>', page, re.DOTALL)
    return words(found[1]) if found else ""


def names(client: Client, query: str) -> list[str]:
    page = client.get(f"{LIST}?{query}").content.decode()
    return re.findall(r'<th class="field-name"><a [^>]*>(.*?)</a>', page)


# The page


def test_the_page_says_that_it_paused_itself_and_links_to_the_last_failed_run(
    client: Client, definition: CountJob
) -> None:
    execution_of(definition, Status.FAILED, scheduled_at=NOON - 9 * SECOND)
    chain = {"job_id": definition.job_id, "scheduled_at": NOON - 5 * SECOND}
    *_attempts, last = chain_of(Status.FAILED, Status.TIMED_OUT, **chain)
    execution_of(definition, Status.CANCELLED, scheduled_at=NOON - SECOND)
    pause_itself(definition)
    assert notices(client, definition) == (
        "‖ It paused itself: 2026-03-04 21:00:00 JST , after 3 failures in a row."
        " Last failed run: ◷ timed out 2026-03-04 20:59:55 JST"
    )
    page = client.get(change_url(definition)).content.decode()
    assert f'<a href="{run_url(last)}">' in page.split("countjobs-notice")[1].split("</div>")[0]
    assert "by itself on 2026-03-04 21:00:00 JST , after 3 failures" in field(page, "paused")
    assert "paused itself" in field(page, "next_run")


def test_after_one_failure_it_does_not_speak_of_a_row(client: Client, definition: CountJob) -> None:
    pause_itself(definition, after=1)
    assert "after 1 failure." in notices(client, definition)


def test_where_newer_runs_hide_the_failed_one_it_links_to_all_that_failed(
    client: Client, definition: CountJob
) -> None:
    pause_itself(definition)
    assert notices(client, definition).endswith("after 3 failures in a row. Failed runs")
    page = client.get(change_url(definition)).content.decode()
    address = re.findall(r'<a href="([^"]+)">Failed runs</a>', page)[0].replace("&amp;", "&")
    execution_of(definition, Status.LOST)
    execution_of(definition, Status.SUCCEEDED)
    assert client.get(address).context["cl"].result_count == 1


def test_who_may_not_see_runs_gets_no_link_to_them(definition: CountJob) -> None:
    execution_of(definition, Status.FAILED)
    pause_itself(definition)
    user = user_of("viewer")
    user.user_permissions.remove(Permission.objects.get(codename="view_execution"))
    client = Client()
    client.force_login(user)
    assert notices(client, definition).endswith("after 3 failures in a row.")


def test_the_page_says_since_when_it_is_silent(client: Client, definition: CountJob) -> None:
    silence(definition)
    said = notices(client, definition)
    assert said == "◌ It is silent: no success since 2026-03-04 21:00:00 JST ."
    page = client.get(change_url(definition)).content.decode()
    assert field(page, "next_run").endswith("silent")


def test_a_watched_job_that_is_well_says_nothing(client: Client, definition: CountJob) -> None:
    assert JobWatch.objects.filter(job_id=definition.job_id).exists()
    assert notices(client, definition) == ""
    assert "silent" not in field(client.get(change_url(definition)).content.decode(), "next_run")


def test_once_it_is_resumed_nothing_is_said_any_more(client: Client, definition: CountJob) -> None:
    pause_itself(definition)
    client.post(reverse("admin:countjobs_countjob_resume", args=[definition.pk]))
    assert notices(client, definition) == ""


def test_who_paused_it_before_is_not_said_to_have_paused_it_now(
    client: Client, definition: CountJob
) -> None:
    client.post(reverse("admin:countjobs_countjob_pause", args=[definition.pk]))
    CountJob.objects.update(enabled=True)
    pause_itself(definition)
    page = client.get(change_url(definition)).content.decode()
    assert field(page, "paused").startswith("Paused: by itself on")


def test_the_history_of_changes_says_so_above_what_people_changed(
    client: Client, definition: CountJob
) -> None:
    address = reverse("admin:countjobs_countjob_history", args=[definition.pk])
    assert "It paused itself" not in client.get(address).content.decode()
    pause_itself(definition)
    page = words(client.get(address).content.decode())
    assert "It paused itself: 2026-03-04 21:00:00 JST , after 3 failures in a row." in page
    CountJob.objects.update(enabled=True)
    assert "It paused itself" not in client.get(address).content.decode()


# The list


def test_the_list_tells_both_where_it_tells_the_next_run(client: Client) -> None:
    silent, paused = (CountJob.objects.create(name=name, timezone="UTC") for name in "ab")
    silence(silent)
    pause_itself(paused)
    page = client.get(LIST).content.decode()
    assert cell(page, "next_run").endswith("UTC ◌ silent")
    assert 'title="no success since 2026-03-04 12:00:00 UTC"' in page
    assert "</span> paused itself</span>" in page
    assert 'title="after 3 failures in a row"' in page


def test_the_switch_tells_the_state_that_it_leads_to(client: Client, definition: CountJob) -> None:
    pause_itself(definition)
    address = reverse("admin:countjobs_countjob_enabled", args=[definition.pk])
    answer = client.post(address, {"enabled": "1", "in_place": "1"}).json()
    assert "paused" not in answer["next_run"]


def test_the_list_is_filtered_by_both(client: Client) -> None:
    silent, paused, _well = (CountJob.objects.create(name=name) for name in "abc")
    silence(silent)
    pause_itself(paused)
    silence(Greeting.objects.create(pk=paused.pk, name="another kind", greeted="x"))
    CountJob.objects.create(name="paused by somebody", enabled=False)
    assert names(client, "watch=silent") == ["a"]
    assert names(client, "watch=paused") == ["b"]
    assert len(names(client, "watch=rubbish")) == 4
    page = client.get(LIST).content.decode()
    assert '<a href="?watch=silent">Silent</a>' in page
    assert '<a href="?watch=paused">Paused itself</a>' in page


def test_a_silence_that_somebody_ends_by_pausing_is_none(client: Client) -> None:
    definition = CountJob.objects.create(name="a")
    silence(definition, NOON - timedelta(days=1))
    CountJob.objects.update(enabled=False)
    assert names(client, "watch=silent") == []
    assert "silent" not in cell(client.get(LIST).content.decode(), "next_run")


def test_a_viewer_sees_both_states(definition: CountJob) -> None:
    pause_itself(definition)
    assert notices(client_of("viewer"), definition).startswith("‖ It paused itself:")
