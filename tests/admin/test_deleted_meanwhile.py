"""Issue 8, line 41: a row that somebody deletes between a question and its answer is not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from countjobs.admin.definitions import pausing, run_now
from countjobs.history.requests import request_runs
from countjobs.models import CountJob, Execution
from tests.support.people import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def definition() -> CountJob:
    return CountJob.objects.create(name="gone")


def deleting_first(do: Callable[..., Any]) -> Callable[..., Any]:
    """The same, but all definitions are deleted just before."""

    def done(*args: Any, **kwargs: Any) -> Any:
        CountJob.objects.all().delete()
        return do(*args, **kwargs)

    return done


@pytest.mark.parametrize(
    ("page", "data"),
    [
        ("enabled", {"enabled": "0"}),
        ("enabled", {"enabled": "1", "in_place": "1"}),
        ("pause", {}),
        ("resume", {}),
    ],
)
def test_a_switch_says_so(
    page: str, data: dict[str, str], definition: CountJob, monkeypatch: Any
) -> None:
    monkeypatch.setattr(pausing, "set_enabled", deleting_first(pausing.set_enabled))
    address = f"/admin/countjobs/countjob/{definition.pk}/{page}/"
    assert client_of("superuser").post(address, data).status_code == 404


def test_a_run_that_was_asked_for_is_there_all_the_same(
    definition: CountJob, monkeypatch: Any
) -> None:
    monkeypatch.setattr(run_now, "request_runs", deleting_first(request_runs))
    address = f"/admin/countjobs/countjob/{definition.pk}/run/"
    posted = {"messages_key": ["a"], "messages_text": ["b"], "count": "1"}
    response = client_of("superuser").post(address, posted)
    run = Execution.objects.get()
    assert response.status_code == 302
    assert response.headers["Location"] == f"/admin/countjobs/execution/{run.pk}/change/"
