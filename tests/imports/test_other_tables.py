"""What comes over from django-celery-beat and django-q2 fires as those packages say, for a year."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import django
import pytest
from django.db import connection

from benchmarks.scratch import Database
from tests.own_settings import own_settings
from tests.support.foreign_schedules import CRONTABS, REFUSED_CRONTABS
from tests.support.running_schedulers import run_to_its_end

pytestmark = pytest.mark.process

SETTINGS = """
INSTALLED_APPS = [*INSTALLED_APPS, "{app}"]
TIME_ZONE = "Europe/Berlin"
Q_CLUSTER = {{"orm": "default", "timeout": 30, "retry": 60}}
"""
PROGRAM = "from tests.support.foreign_schedules import main; main({make!r}, {answer!r})"


def run(make: str, app: str, directory: Path) -> dict[str, Any]:
    """What came of an import, in an empty database of the kind that the suite runs on."""
    answer = directory / "answer.json"
    program = PROGRAM.format(make=make, answer=str(answer))
    environment = own_settings(directory, SETTINGS.format(app=app))
    is_postgresql = connection.vendor == "postgresql"
    with Database(os.environ["DATABASE_URL"] if is_postgresql else None).scratch() as url:
        run_to_its_end("shell", "-c", program, log=directory / "log", url=url, **environment)
    told: dict[str, Any] = json.loads(answer.read_text())
    return told


@pytest.fixture(scope="module")
def beat(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    if django.VERSION >= (6, 1):
        pytest.skip("django-celery-beat 2.9 needs Django below 6.1")
    pytest.importorskip("django_celery_beat", reason="could not import 'django_celery_beat'")
    return run("beat", "django_celery_beat", tmp_path_factory.mktemp("beat"))


@pytest.fixture(scope="module")
def q(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    pytest.importorskip("django_q", reason="could not import 'django_q'")
    pytest.importorskip("croniter", reason="could not import 'croniter'")
    return run("q", "django_q", tmp_path_factory.mktemp("q"))


def reasons(told: dict[str, Any], lines: str = "lines") -> dict[str, str]:
    """Why something isn't imported, by its name there."""
    mark = "not imported: "
    found = (line.removeprefix(mark) for line in told[lines] if line.startswith(mark))
    parts = (line.partition("): ") for line in found)
    return {before.rpartition(" (")[0]: reason for before, _, reason in parts}


def differing(told: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in told["compared"].items() if each["differing"]}


def check_repeated(told: dict[str, Any]) -> None:
    """A dry run wrote nothing, and a second import changed nothing."""
    assert told["made_by_dry"] == 0
    assert [line.replace("would be made", "made") for line in told["dry"][:-1]] == told["lines"]
    assert told["unchanged"]
    assert [line for line in told["again"] if line.startswith(("made", "left"))] == []
    assert sum(line.startswith("unchanged") for line in told["again"]) == len(told["values"])


def test_what_comes_from_beat_fires_as_beat_says(beat: dict[str, Any]) -> None:
    assert differing(beat) == {}
    assert beat["compared"].keys() >= CRONTABS.keys() | {"five hours", "two days", "clocked"}
    assert sum(each["count"] for each in beat["compared"].values()) > 40_000
    check_repeated(beat)


def test_what_does_not_come_from_beat_is_told_with_the_reason(beat: dict[str, Any]) -> None:
    found = reasons(beat)
    assert found.keys() == {
        *REFUSED_CRONTABS,
        *("oddly starting", "was once", "past", "microseconds", "sunrise"),
        *("unknown", "bad arguments", "no json"),
    }
    assert (
        "2026-03-08 03:30:00 -0400, a definition is due, beat is not" in found["twice in the gap"]
    )
    assert "as “os.system”. Put @job on" in found["unknown"]
    assert "follows the sun" in found["sunrise"]
    assert "too many positional arguments" in found["bad arguments"]
    assert reasons(beat, "accepted").keys() == found.keys() - REFUSED_CRONTABS.keys()


def test_the_rest_of_a_periodic_task_comes_too(beat: dict[str, Any]) -> None:
    values = beat["values"]
    assert values["nightly"]["arguments"] == {"to": "me", "days": 3}
    assert not values["off"]["enabled"]
    assert values["a day late"]["misfire_grace_time"] == 86_400
    assert values["two days"]["timezone"] == "UTC"
    assert [values["once more"][name] for name in ("schedule_type", "run_at")] == [
        "once",
        "2026-01-11 12:00:00+00:00",
    ]
    notes = [line for line in beat["lines"] if line.startswith("    note: Its ")]
    assert notes == [
        "    note: Its queue, slow, has no counterpart: choose an executor.",
        "    note: Its priority, 3, has no counterpart: choose an executor.",
    ]


def test_what_comes_from_django_q2_fires_as_it_says(q: dict[str, Any]) -> None:
    assert differing(q) == {}
    expected = {"minutes", "two days of minutes", "hourly", "daily", "weekly", "biweekly"}
    expected |= {"monthly", "bimonthly", "quarterly", "yearly", "cron", "cron of hours", "once"}
    assert q["compared"].keys() >= expected
    assert sum(each["count"] for each in q["compared"].values()) > 30_000
    check_repeated(q)


def test_what_does_not_come_from_django_q2_is_told_with_the_reason(q: dict[str, Any]) -> None:
    found = reasons(q)
    assert found.keys() == {
        *("daily in the gap", "on the 31st", "cron in the gap", "cron of either day"),
        *("once, late", "no more", "intended", "code", "unknown"),
    }
    assert "kwargs can't be read" in found["code"]
    assert "day 31" in found["on the 31st"]
    accepted = reasons(q, "accepted").keys()
    assert found.keys() - accepted == {"daily in the gap", "cron in the gap"}


def test_repeats_become_an_end_and_twins_are_told_apart(q: dict[str, Any]) -> None:
    assert q["values"]["three times"]["end_date"] == "2026-01-14 09:30:00+00:00"
    assert q["compared"]["three times"]["count"] == 3
    assert sum(name.startswith("twins (") for name in q["values"]) == 2
    assert q["values"]["hourly"]["arguments"] == {"to": "me", "days": 3}
    assert "    note: Its hook, shop.hook, has no counterpart." in q["lines"]
