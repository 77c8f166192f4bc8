"""The actions on definitions: run now, pause, resume."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_apscheduler.models import DjangoJob

from countjobs.models import CountJob, Execution
from countjobs.models.executions import Status
from tests.support.admin_pages import LIST, said

pytestmark = pytest.mark.django_db


def test_promise_19_run_now_files_a_request_in_the_name_of_who_asked(client: Client) -> None:
    definition = CountJob.objects.create(name="a")
    data = {"action": "run_now", "_selected_action": [definition.pk]}
    page = client.post(LIST, data, follow=True).content.decode()
    execution = definition_executions(definition).get()
    assert (execution.status, execution.requested_by) == (Status.QUEUED, "superuser")
    assert "Run requested" in page
    assert reverse("admin:countjobs_execution_change", args=[execution.pk]) in page


def definition_executions(definition: CountJob) -> QuerySet[Execution]:
    return Execution.objects.filter(job_id=definition.job_id)


def test_run_now_of_many_links_to_some_and_to_the_list(client: Client) -> None:
    pks = [CountJob.objects.create(name=f"n{n}").pk for n in range(12)]
    data = {"action": "run_now", "_selected_action": pks}
    page = client.post(LIST, data, follow=True).content.decode()
    assert Execution.objects.count() == 12
    assert "12 runs requested" in page
    assert "and 2 more" in page


def test_run_now_runs_a_paused_definition_too_and_leaves_it_paused(client: Client) -> None:
    definition = CountJob.objects.create(name="a", enabled=False)
    client.post(LIST, {"action": "run_now", "_selected_action": [definition.pk]})
    definition.refresh_from_db()
    assert definition_executions(definition).count() == 1
    assert not definition.enabled


def test_promise_11_pause_takes_the_next_run_away_and_resume_brings_one(client: Client) -> None:
    definition = CountJob.objects.create(name="a")
    client.post(LIST, {"action": "pause", "_selected_action": [definition.pk]})
    assert DjangoJob.objects.get(id=definition.job_id).next_run_time is None
    client.post(LIST, {"action": "resume", "_selected_action": [definition.pk]})
    resumed = DjangoJob.objects.get(id=definition.job_id).next_run_time
    assert resumed > timezone.now() - timedelta(minutes=1)


def test_pause_and_resume_say_and_log_what_they_changed(client: Client) -> None:
    on = CountJob.objects.create(name="on")
    off = CountJob.objects.create(name="off", enabled=False)
    both = [on.pk, off.pk]
    response = client.post(LIST, {"action": "pause", "_selected_action": both})
    assert said(response) == ["1 definition was paused."]
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.action_flag) == (str(on.pk), CHANGE)
    assert str(entry.user) == "superuser"
    response = client.post(LIST, {"action": "resume", "_selected_action": both})
    assert said(response)[-1] == "2 definitions were resumed."


@pytest.mark.parametrize("action", ["run_now", "pause", "resume", "delete_selected"])
@pytest.mark.parametrize("key", ["abc", "", "\0", "9" * 30, "9" * 5_000])
def test_an_action_on_what_can_not_be_a_key_is_refused(
    client: Client, action: str, key: str
) -> None:
    CountJob.objects.create(name="a")
    posted = {"action": action, "_selected_action": [key], "index": "0"}
    assert client.post(LIST, posted).status_code == 400
    assert not Execution.objects.exists()
