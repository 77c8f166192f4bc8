"""Issue 11: a registered task reaches its backend, here the table of django-tasks-db."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from benchmarks.scratch import Database
from tests.own_settings import own_settings
from tests.support.running_schedulers import run_to_its_end

pytest.importorskip("django_tasks")
pytest.importorskip("django_tasks_db")

pytestmark = pytest.mark.process

MODULE = "tests.support.database_tasks"
SETTINGS = """
INSTALLED_APPS = [*INSTALLED_APPS, "django_tasks_db"]
TASKS = {
    "default": {
        "BACKEND": "django_tasks_db.DatabaseBackend",
        "QUEUES": ["default", "reports"],
    },
}
"""


@pytest.fixture
def url() -> Iterator[str]:
    """An empty database of the kind that the suite runs on."""
    is_postgresql = connection.vendor == "postgresql"
    with Database(os.environ["DATABASE_URL"] if is_postgresql else None).scratch() as url:
        yield url


def test_a_run_writes_the_task_s_row_and_the_package_s_worker_runs_it(
    url: str, tmp_path: Path
) -> None:
    words, answer = tmp_path / "words", tmp_path / "answer.json"
    program = f"from {MODULE} import main; main({str(words)!r}, {str(answer)!r})"
    environment = own_settings(tmp_path, SETTINGS)
    run_to_its_end("shell", "-c", program, log=tmp_path / "log", url=url, **environment)
    told: dict[str, Any] = json.loads(answer.read_text())

    sent, sent_async = told["before"]
    assert told["outcomes"] == [
        ["succeeded", f"Enqueued {MODULE}.{name} as {row['id']}, on the backend “default”.\n", ""]
        for name, row in (("send", sent), ("send_async", sent_async))
    ]
    assert sent["args_kwargs"] == {"args": [], "kwargs": {"to": [str(words)], "days": 3}}
    assert (sent["queue_name"], sent["priority"], sent["backend_name"]) == ("reports", 5, "default")
    assert re.fullmatch(r"\S+", sent["id"])
    assert [row["status"] for row in told["before"]] == ["READY", "READY"]
    assert [row["status"] for row in told["after"]] == ["SUCCESSFUL", "SUCCESSFUL"]
    assert sorted(words.read_text().splitlines()) == ["sent 3", "sent later"]
