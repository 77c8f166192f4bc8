"""The overview as a test reads it: by its parts, and at an instant that stands still."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from countjobs.admin.overview import hours
from countjobs.models import Execution
from countjobs.models.executions import Status
from tests.support.factories import NOON, SECOND, make_execution
from tests.support.people import client_of

OVERVIEW = "/admin/countjobs/execution/overview/"
PARTS = f"{OVERVIEW}parts/"
NOW = NOON + timedelta(minutes=30)


@pytest.fixture
def overview_clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[time_machine.Traveller]:
    monkeypatch.setattr(hours, "monotonic", lambda: 0.0)
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def viewer() -> Client:
    return client_of("viewer")


def part(client: Client, name: str) -> str:
    """The words of one part."""
    return _words(_section(client, name))


def rows_of(client: Client, name: str) -> list[str]:
    """The words of the rows of a part's tables."""
    rows = re.findall(r"<tr>(.*?)</tr>", _section(client, name), re.DOTALL)
    return [_words(row) for row in rows if "<td" in row]


def _section(client: Client, name: str) -> str:
    page = client.get(OVERVIEW).content.decode()
    found = re.search(rf'<h2 id="countjobs-{name}">.*?</section>', page, re.DOTALL)
    assert found, f"there is no part {name}"
    return found[0]


def _words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def ran(status: Status = Status.SUCCEEDED, ago: timedelta = SECOND, **fields: Any) -> Execution:
    """A run that was due some time ago."""
    return make_execution(status, scheduled_at=NOW - ago, **fields)
