"""Issue 8, line 18: PgBouncer in transaction mode, where no two statements share a connection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection

from countjobs.history.requests import request_run
from countjobs.models import CountJob, Execution
from tests.support.bouncers import program, running_bouncer
from tests.support.other_servers import connected_with
from tests.support.people import client_of
from tests.support.running_schedulers import scheduler
from tests.support.transfers import exported
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.process,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="PgBouncer is PostgreSQL's."),
    pytest.mark.skipif(program() is None, reason="pgbouncer is not installed."),
]


@pytest.fixture
def bouncer() -> Iterator[str]:
    path = program()
    assert path
    with running_bouncer(path) as url:
        yield url


@contextmanager
def connected_through(url: str, **settings: object) -> Iterator[None]:
    """Have the ORM of this process ask the pooler for a while."""
    with connected_with(HOST="127.0.0.1", PORT=str(urlsplit(url).port), **settings):
        yield


@pytest.mark.parametrize("disabled", [False, True])
def test_an_export_is_whole(bouncer: str, disabled: bool) -> None:
    names = [f"job {number:04}" for number in range(2_500)]
    CountJob.objects.bulk_create(CountJob(name=name) for name in names)
    client = client_of("viewer")
    with connected_through(bouncer, DISABLE_SERVER_SIDE_CURSORS=disabled):
        some = list(CountJob.objects.all()[:1])
        file = json.loads(exported(client, some, select_across="1"))
    assert [entry["name"] for entry in file["definitions"]] == names


def test_an_export_that_fails_is_an_error_and_no_file(
    bouncer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = CountJob.objects.create(name="a")
    client = client_of("viewer")
    client.raise_request_exception = False
    monkeypatch.setattr("countjobs.transfer.written_files.label_of", lambda model: 1 / 0)
    with connected_through(bouncer):
        data = {"action": "export", "_selected_action": [definition.pk]}
        response = client.post("/admin/countjobs/countjob/", data)
    assert response.status_code == 500


def succeeded(job_id: str) -> int:
    return Execution.objects.filter(job_id=job_id, status="succeeded").count()


@pytest.mark.parametrize("query", ["", "?disable_server_side_cursors=true"])
def test_a_scheduler_works(bouncer: str, query: str, tmp_path: Path) -> None:
    job = CountJob.objects.create(name="job", second="*", messages={"a": "b"}, count=1)
    log = tmp_path / "log"
    with scheduler(log, url=bouncer + query):
        wait_until(lambda: succeeded(job.job_id) >= 3, what=log.read_text)
        other = CountJob.objects.create(name="other", second="*")
        wait_until(lambda: succeeded(other.job_id) >= 2, what=log.read_text)
        paused = CountJob.objects.create(name="paused", enabled=False)
        request_run(paused.job_id, "paused")
        wait_until(lambda: succeeded(paused.job_id) == 1, what=log.read_text)
    said = log.read_text()
    assert "ERROR" not in said
    assert "listen" not in said
