"""The page that asks for a run now, as the definition is or with other values for this once."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from countjobs.admin import JobDefinitionAdmin
from countjobs.admin.definitions.form import PartialForm
from countjobs.admin.definitions.run_form import run_form
from countjobs.models import CountJob, Execution
from countjobs.models.executions import Status, Trigger
from tests.app.models import Greeting, Team, TeamJob
from tests.support.admin_pages import said
from tests.support.definition_form import rows_shown
from tests.support.factories import make_node
from tests.support.people import client_of, user_of
from tests.support.posted_runs import MESSAGES, as_shown, run_url

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return client_of("runner")


@pytest.fixture
def definition() -> CountJob:
    return CountJob.objects.create(name="a", messages=MESSAGES)


def test_the_page_shows_what_the_kind_adds_filled_in_and_nothing_of_the_schedule(
    client: Client, definition: CountJob
) -> None:
    page = client.get(run_url(definition)).content.decode()
    assert rows_shown(page)[:2] == [*MESSAGES.items()]
    assert 'name="count" value="3"' in page
    assert 'name="hour"' not in page
    assert 'name="name"' not in page
    assert not Execution.objects.exists()


def test_sent_as_it_is_it_files_a_run_that_overrides_nothing(
    client: Client, definition: CountJob
) -> None:
    make_node(timezone.now())
    response = client.post(run_url(definition), as_shown())
    run = Execution.objects.get()
    assert (run.job_id, run.job_name, run.status) == (definition.job_id, "a", Status.QUEUED)
    assert (run.trigger, run.requested_by, run.parameters) == (Trigger.MANUAL, "runner", {})
    assert response.status_code == 302
    assert response["Location"] == reverse("admin:countjobs_execution_change", args=[run.pk])
    assert said(response) == [f'Run requested: <a href="{response["Location"]}">a</a>']


def test_only_what_was_changed_is_overridden_and_the_definition_stays(
    client: Client, definition: CountJob
) -> None:
    client.post(run_url(definition), as_shown(count="5"))
    assert Execution.objects.get().parameters == {"count": 5}
    turned = {"messages_key": ["two", "one"], "messages_text": ["two count.", "one count."]}
    client.post(run_url(definition), as_shown(**turned))
    newest = Execution.objects.latest("pk")
    assert list(newest.parameters["messages"]) == ["two", "one"]
    definition.refresh_from_db()
    assert (definition.count, definition.messages) == (3, MESSAGES)


def test_without_a_scheduler_it_is_filed_all_the_same_and_says_so(
    client: Client, definition: CountJob
) -> None:
    response = client.post(run_url(definition), as_shown())
    assert Execution.objects.count() == 1
    assert any("No scheduler is alive" in text for text in said(response))


@pytest.mark.parametrize("count", ["-1", "1000001", "many", "", "9" * 5_000])
def test_a_value_out_of_bounds_is_refused_at_its_field_and_the_rest_kept(
    count: str, client: Client, definition: CountJob
) -> None:
    posted = as_shown(count=count, messages_key=["first", "second"])
    response = client.post(run_url(definition), posted)
    page = response.content.decode()
    assert response.status_code == 200
    assert 'id="id_count_error"' in page
    assert rows_shown(page)[:2] == [("first", "one count."), ("second", "two count.")]
    assert not Execution.objects.exists()


def test_a_wrong_row_is_refused(client: Client, definition: CountJob) -> None:
    page = client.post(run_url(definition), as_shown(messages_key=["", "b"])).content.decode()
    assert "This text has no key." in page
    assert not Execution.objects.exists()


@pytest.mark.parametrize(
    "changed", [{"enabled": False}, {"year": "1999"}, {"timezone": "Mars/Phobos"}]
)
def test_a_definition_that_its_schedule_does_not_run_can_be_run(
    changed: dict[str, Any], client: Client, definition: CountJob
) -> None:
    CountJob.objects.update(**changed)
    assert client.post(run_url(definition), as_shown()).status_code == 302
    assert Execution.objects.count() == 1


def test_who_may_not_see_executions_is_led_back_to_the_definition(definition: CountJob) -> None:
    user = user_of("runner")
    user.user_permissions.remove(Permission.objects.get(codename="view_execution"))
    client = Client()
    client.force_login(user)
    response = client.post(run_url(definition), as_shown())
    assert Execution.objects.count() == 1
    assert response["Location"] == f"/admin/countjobs/countjob/{definition.pk}/change/"
    page = client.get(response["Location"]).content.decode()
    assert "Run requested: a" in strip_tags(page)


@pytest.mark.parametrize("key", ["999", "abc", "9" * 30, "_00"])
def test_what_is_not_there_can_not_be_run(key: str, client: Client) -> None:
    url = reverse("admin:countjobs_countjob_run", args=[key])
    assert client.get(url).status_code == 404
    assert client.post(url, as_shown()).status_code == 404


def test_another_kind_is_run_with_its_own_fields() -> None:
    greeting = Greeting.objects.create(name="g", greeted="World")
    client = client_of("superuser")
    assert 'value="World"' in client.get(run_url(greeting)).content.decode()
    client.post(run_url(greeting), {"greeted": "Moon", "times": "1"})
    assert Execution.objects.get().parameters == {"greeted": "Moon"}


def test_a_relation_is_overridden_by_its_key(rf: RequestFactory) -> None:
    here, there = Team.objects.create(), Team.objects.create()
    job = TeamJob.objects.create(name="t", team=here)
    request = rf.post("/", {"team": there.pk})
    request.user = user_of("superuser")
    form = run_form(JobDefinitionAdmin(TeamJob, admin.site), request, job)
    assert form.is_valid(), form.errors
    assert form.parameters() == {"team_id": there.pk}


def test_what_a_page_hides_or_locks_can_not_be_overridden(rf: RequestFactory) -> None:
    class Locked(JobDefinitionAdmin):
        readonly_fields = ("count",)
        exclude = ("messages",)

    class LockedByHooks(JobDefinitionAdmin):
        def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
            return (*super().get_readonly_fields(request, obj), *(("count",) if obj else ()))

        def get_exclude(self, request: HttpRequest, obj: Any = None) -> list[str]:
            return ["messages"] if obj else []

    request = rf.get("/")
    request.user = user_of("superuser")
    for page in (Locked, LockedByHooks):
        assert not run_form(page(CountJob, admin.site), request, CountJob(name="a")).fields


def test_an_error_at_a_field_that_a_form_is_without_is_told_above_it() -> None:
    class NameForm(PartialForm):
        class Meta:
            model = CountJob
            fields = ["name"]

        def clean(self) -> None:
            raise ValidationError({"hour": "late", "name": "bad"})

    form = NameForm({"name": "a"})
    assert form.errors == {"__all__": ["late"], "name": ["bad"]}


def test_a_model_form_without_the_end_says_above_it_that_the_end_comes_first() -> None:
    now = timezone.now()

    class StartForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for mypy only
        class Meta:
            model = CountJob
            fields = ["name", "start_date", "hour"]

    job = CountJob(end_date=now)
    form = StartForm({"name": "a", "start_date": "2190-01-01 00:00"}, instance=job)
    assert form.errors == {"__all__": ["The end must not be before the start."]}
    form = StartForm({"name": "a"}, instance=CountJob(end_date=now))
    assert "has no more runs" in form.errors["__all__"][0]


def test_a_form_without_the_schedule_leaves_the_schedule_alone() -> None:
    class NameForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for mypy only
        class Meta:
            model = CountJob
            fields = ["name"]

    assert NameForm({"name": "a"}, instance=CountJob(year="1999")).is_valid()
