"""Issue 8, line 47: who may not see something isn't told of it in any other way either."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.core import checks
from django.db import models
from django.test import Client

from countjobs.admin.definitions.fieldsets import RUNS, TOLD
from countjobs.history.requests import request_run, request_runs
from countjobs.jobstores.restoring import Taken
from countjobs.models import CountJob, Execution, JobDefinition
from countjobs.models.executions import Status
from tests.app.models import Greeting
from tests.support.factories import make_execution
from tests.support.people import PERMISSIONS, client_of
from tests.support.permissions import PAGES, QUESTIONS, WITHOUT_A_ROW, WRITES, Rows
from tests.support.posted_runs import as_shown, run_url

pytestmark = pytest.mark.django_db

OF_A_ROW = sorted(
    name
    for name in {*PAGES, *QUESTIONS, *WRITES}
    if "_" in name
    and name not in {"run_now", "delete_selected"}
    and not name.startswith(("overview_", "running_"))
    and not name.endswith(WITHOUT_A_ROW)
)


@pytest.mark.parametrize("page", OF_A_ROW)
def test_nobody_learns_whether_a_row_that_they_may_not_see_is_there(page: str) -> None:
    rows, client = Rows(), client_of("nobody")
    there = rows.address(page)
    missing = there.replace(there.split("/")[4], "987654321")
    for method in ("GET", "POST"):
        answers = [client.generic(method, address) for address in (there, missing)]
        assert len({each.status_code for each in answers}) == 1, method
        assert {each.headers.get("Location") for each in answers} == {None}


@pytest.fixture
def definition() -> CountJob:
    definition = CountJob.objects.create(name="a", messages={"one": "x", "two": "y"})
    make_execution(Status.FAILED, job_id=definition.job_id, job_name="SECRET", error="SECRET")
    return definition


@pytest.fixture
def outspoken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The form of the kind names all that is told of runs, whoever looks at it."""
    model_admin: Any = admin.site.get_model_admin(CountJob)
    fieldsets = [(None, {"fields": ["name", *TOLD, *RUNS]})]
    monkeypatch.setattr(type(model_admin), "fieldsets", fieldsets)


@pytest.mark.usefixtures("outspoken")
def test_a_form_that_names_runs_shows_them_to_who_may_see_them_only(
    definition: CountJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/admin/countjobs/countjob/{definition.pk}/change/"
    assert "countjobs-failed" in client_of("viewer").get(address).content.decode()
    monkeypatch.setitem(PERMISSIONS, "deleter", ("view_countjob", "change_countjob"))
    page = client_of("deleter").get(address).content.decode()
    assert "countjobs-failed" not in page
    assert "/execution/" not in page


def test_a_list_that_names_them_does_so_too(
    definition: CountJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_admin: Any = admin.site.get_model_admin(CountJob)
    monkeypatch.setattr(type(model_admin), "list_display", ("name", *RUNS))
    assert "countjobs-failed" in client_of("viewer").get("/admin/countjobs/countjob/").text
    monkeypatch.setitem(PERMISSIONS, "deleter", ("view_countjob",))
    assert "countjobs-failed" not in client_of("deleter").get("/admin/countjobs/countjob/").text


@pytest.fixture
def only_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kind lets a run override its count, and no more."""
    monkeypatch.setattr(CountJob, "run_overrides", ("count",))


@pytest.fixture
def runner() -> Client:
    return client_of("runner")


@pytest.mark.usefixtures("only_count")
def test_the_page_that_asks_for_a_run_offers_what_a_kind_lets_it_override(
    definition: CountJob, runner: Client
) -> None:
    page = runner.get(run_url(definition)).content.decode()
    assert 'name="count"' in page
    assert 'name="messages_key"' not in page
    posted = as_shown(count="7", messages_key=["x"], messages_text=["y"])
    assert runner.post(run_url(definition), posted).status_code == 302
    assert Execution.objects.get(status=Status.QUEUED).parameters == {"count": 7}


def test_a_kind_may_let_a_run_override_nothing(
    definition: CountJob, runner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CountJob, "run_overrides", ())
    assert 'name="count"' not in runner.get(run_url(definition)).content.decode()
    assert runner.post(run_url(definition), as_shown(count="7")).status_code == 302
    assert Execution.objects.get(status=Status.QUEUED).parameters == {}


@pytest.mark.usefixtures("only_count")
def test_code_that_asks_for_a_run_is_refused_the_same(definition: CountJob) -> None:
    request_run(definition.job_id, "a", parameters={"count": 7})
    refused: list[dict[str, Any]] = [{"messages": {}}, {"count": 7, "name": "b"}]
    for parameters in refused:
        with pytest.raises(ValueError, match=r"a value for (messages|name)"):
            request_runs([("code", "code"), (definition.job_id, "a")], parameters=parameters)
    assert request_run("code", "code", parameters={"x": 1}).parameters == {"x": 1}
    assert request_run(Greeting(pk=1).job_id, "g", parameters={"times": 2}).pk


@pytest.mark.usefixtures("only_count")
def test_what_got_into_the_queue_otherwise_does_not_run(definition: CountJob) -> None:
    taken: Any = Taken(row=None, job=None, definition=definition)  # type: ignore[arg-type]
    assert taken.call({"count": 7}).__self__.count == 7
    with pytest.raises(TypeError, match="a value for messages"):
        taken.call({"messages": {}})


@pytest.mark.usefixtures("only_count")
def test_a_run_from_before_can_not_run_again_with_what_is_no_longer_allowed(
    definition: CountJob, runner: Client
) -> None:
    old = make_execution(
        Status.FAILED, job_id=definition.job_id, job_name="a", parameters={"messages": {}}
    )
    address = f"/admin/countjobs/execution/{old.pk}/again/"
    page = runner.post(address, follow=True).content.decode()
    assert "no longer allowed" in page
    assert not Execution.objects.filter(status=Status.QUEUED).exists()


@pytest.mark.usefixtures("forgotten")
def test_a_kind_that_names_what_it_has_not_is_found() -> None:
    class Mistaken(JobDefinition):
        amount = models.IntegerField()
        run_overrides = ("amount", "amuont", "name")

        class Meta(JobDefinition.Meta):
            app_label = "app"

        def run(self) -> None:
            """Do nothing."""

    [found] = checks.run_checks(tags=["countjobs"])
    assert found.id == "countjobs.E020"
    assert found.msg.endswith("amuont, name.")
