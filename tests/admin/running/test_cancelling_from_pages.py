"""Cancelling several runs: from “Running now”, and from the list of runs."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from countjobs.admin.executions import cancelling
from countjobs.models import CountJob, Execution
from countjobs.models.executions import Status
from tests.support.admin_pages import RUNS, said
from tests.support.factories import NOON, execution_of, make_definition, make_execution
from tests.support.people import client_of
from tests.support.running_now import CANCEL, RUNNING

pytestmark = pytest.mark.django_db

HERE = {"node": "here:1:1", "started_at": NOON}


@pytest.fixture
def definition() -> CountJob:
    return make_definition(due=None)


@pytest.fixture
def several(definition: CountJob) -> list[int]:
    """Queued, running, asked to stop, ended; and a job from code."""
    asked = {"cancel_requested_at": NOON, "cancel_requested_by": "ann"}
    runs = [
        execution_of(definition, Status.QUEUED),
        execution_of(definition, Status.QUEUED, node="here:1:1"),
        execution_of(definition, Status.RUNNING, **HERE),
        execution_of(definition, Status.RUNNING, **HERE, **asked),
        execution_of(definition, Status.FAILED, **HERE, finished_at=NOON),
        make_execution(Status.QUEUED),
    ]
    return [run.pk for run in runs]


def from_the_page(client: Client, pks: list[int]) -> Any:
    return client.post(CANCEL, {"run": pks})


def from_the_list(client: Client, pks: list[int], query: str = "", **more: object) -> Any:
    data = {"action": "cancel", "index": "0", "_selected_action": pks, **more}
    return client.post(f"{RUNS}?{query}", data)


WAYS = pytest.mark.parametrize("cancel", [from_the_page, from_the_list])


@WAYS
def test_each_run_is_cancelled_as_far_as_it_can_be_and_all_are_accounted_for(
    cancel: Any, several: list[int]
) -> None:
    response = cancel(client_of("runner"), several)
    assert response.status_code == 302
    assert said(response) == [
        "2 runs were cancelled.",
        "1 run was asked to stop.",
        "1 run was already asked to stop, and has not ended yet.",
        "1 run had ended already.",
        "1 run was not cancelled: you may not run its job.",
    ]
    runs = Execution.objects.in_bulk(several)
    found = [(runs[pk].status, runs[pk].cancel_requested_by) for pk in several]
    assert found == [
        (Status.CANCELLED, "runner"),
        (Status.CANCELLED, "runner"),
        (Status.RUNNING, "runner"),
        (Status.RUNNING, "ann"),
        (Status.FAILED, ""),
        (Status.QUEUED, ""),
    ]


def test_the_page_comes_back_to_itself(several: list[int]) -> None:
    assert from_the_page(client_of("runner"), several)["Location"] == RUNNING


def test_a_rows_button_cancels_only_its_run_whatever_is_ticked(several: list[int]) -> None:
    response = client_of("runner").post(CANCEL, {"run": several, "only": several[0]})
    assert said(response) == ["1 run was cancelled."]
    assert Execution.objects.filter(status=Status.CANCELLED).count() == 1


def test_nothing_selected_is_said(several: list[int]) -> None:
    client = client_of("runner")
    assert said(client.post(CANCEL)) == ["No run was selected, so none was cancelled."]
    assert said(client.post(CANCEL, {"run": ["x", "9" * 30, "-1"]}))
    assert not Execution.objects.filter(status=Status.CANCELLED).exists()


def test_what_was_purged_meanwhile_counts_as_ended() -> None:
    assert said(from_the_page(client_of("superuser"), [999])) == ["1 run had ended already."]


@pytest.mark.parametrize("role", ["nobody", "viewer", "editor"])
@WAYS
def test_who_may_run_nothing_cancels_nothing(role: str, cancel: Any, several: list[int]) -> None:
    assert cancel(client_of(role), several).status_code in {200, 403}
    assert not Execution.objects.filter(status=Status.CANCELLED).exists()
    assert Execution.objects.filter(cancel_requested_at__isnull=False).count() == 1


@WAYS
def test_the_number_of_queries_does_not_depend_on_the_number_of_runs(
    cancel: Any, definition: CountJob
) -> None:
    client = client_of("runner")

    def queries(count: int) -> int:
        runs = [execution_of(definition, Status.QUEUED) for _ in range(count)]
        with CaptureQueriesContext(connection) as captured:
            cancel(client, [run.pk for run in runs])
        return len(captured)

    queries(1)
    assert queries(2) == queries(40)
    assert not Execution.objects.exclude(status=Status.CANCELLED).exists()


# The list


def test_a_run_that_left_the_lists_filter_meanwhile_is_accounted_for(several: list[int]) -> None:
    response = from_the_list(client_of("runner"), several[4:5], "status__exact=running")
    assert said(response) == ["1 run had ended already."]
    assert response["Location"] == f"{RUNS}?status__exact=running"


def test_all_that_the_list_has_may_be_cancelled_at_once(several: list[int]) -> None:
    client = client_of("runner")
    query = f"status__exact=queued&job_id={CountJob.objects.get().job_id}"
    response = from_the_list(client, several[:1], query, select_across="1")
    assert said(response) == ["2 runs were cancelled."]
    assert Execution.objects.get(pk=several[2]).cancel_requested_at is None
    response = from_the_list(client, several[:1], select_across="1")
    assert "1 run was asked to stop." in said(response)


def test_at_most_so_many_are_cancelled_at_once(
    several: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cancelling, "MOST", 1)
    response = from_the_list(
        client_of("runner"), several[:1], "status__exact=queued", select_across="1"
    )
    assert said(response)[0].startswith("At most 1 runs are cancelled at once.")
    assert Execution.objects.filter(status=Status.CANCELLED).count() <= 1


def test_nothing_active_in_the_list_is_said() -> None:
    run = make_execution(Status.SUCCEEDED, finished_at=NOON)
    response = from_the_list(client_of("superuser"), [run.pk], select_across="1")
    assert said(response) == ["There was nothing to cancel."]


def test_the_list_offers_nothing_else(client: Client, several: list[int]) -> None:
    page = client.get(RUNS).content.decode()
    assert page.count("<option value=") == 2
    assert "delete_selected" not in page
    assert "action" not in client.get(f"{RUNS}?_popup=1").context["cl"].list_display
