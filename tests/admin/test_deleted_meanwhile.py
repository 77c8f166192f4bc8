"""Issue 8, line 41: a row that somebody deletes between a question and its answer is not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from countjobs.admin.definitions import run_now as run_view
from countjobs.admin.definitions import switch, tools
from countjobs.history.requests import request_run
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
    ("module", "page", "data"),
    [
        (switch, "enabled", {"enabled": "0"}),
        (switch, "enabled", {"enabled": "1", "in_place": "1"}),
        (tools, "pause", {}),
        (tools, "resume", {}),
    ],
)
def test_a_switch_says_so(
    module: Any, page: str, data: dict[str, str], definition: CountJob, monkeypatch: Any
) -> None:
    monkeypatch.setattr(module, "set_enabled", deleting_first(module.set_enabled))
    address = f"/admin/countjobs/countjob/{definition.pk}/{page}/"
    assert client_of("superuser").post(address, data).status_code == 404


def test_a_run_that_was_asked_for_is_there_all_the_same(
    definition: CountJob, monkeypatch: Any
) -> None:
    monkeypatch.setattr(run_view, "request_run", deleting_first(request_run))
    address = f"/admin/countjobs/countjob/{definition.pk}/run/"
    posted = {"messages_key": ["a"], "messages_text": ["b"], "count": "1"}
    response = client_of("superuser").post(address, posted)
    run = Execution.objects.get()
    assert response.status_code == 302
    assert response.headers["Location"] == f"/admin/countjobs/execution/{run.pk}/change/"
