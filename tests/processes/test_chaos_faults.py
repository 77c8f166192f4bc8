"""What the chaos test asserts, shown made-up histories: each kind of fault in one is found."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from countjobs.models import Execution
from countjobs.models.executions import Status, Trigger
from tests.support.factories import NOON, SECOND, make_execution
from tests.support.faults import Promised, faults

pytestmark = pytest.mark.django_db

PROMISED = Promised(["a", "b"], NOON, NOON + 2 * SECOND)
WELL, KILLED = "host:1:aaaaaaaa", "host:2:bbbbbbbb"


def line(name: str, at: datetime, token: str) -> str:
    return f"{name} {at.isoformat()} {token}\n"


def record(name: str, second: int, status: Status = Status.SUCCEEDED, node: str = WELL) -> None:
    fields = {"job_name": name, "scheduled_at": NOON + second * SECOND, "node": node}
    make_execution(status, job_id=name, trigger=Trigger.SCHEDULE, **fields)


def change(name: str, second: int, **values: object) -> None:
    at = NOON + second * SECOND
    assert Execution.objects.filter(job_name=name, scheduled_at=at).update(**values) == 1


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """Of a flawless history: each job, each second, recorded and started once."""
    notes = tmp_path / "notes"
    with notes.open("w") as file:
        for name in PROMISED.names:
            for second, at in enumerate(PROMISED.fires()):
                record(name, second)
                file.write(line(name, at, f"token-{second}"))
    return notes


def strike_out(notes: Path, beginning: str) -> None:
    """Have some runs never have started."""
    lines = notes.read_text().splitlines(keepends=True)
    notes.write_text("".join(each for each in lines if not each.startswith(beginning)))


def found(notes: Path) -> list[str]:
    return faults(PROMISED, notes, unwell={2})


def test_a_flawless_history_has_no_faults(notes: Path) -> None:
    assert found(notes) == []


def test_a_second_that_is_folded_into_a_later_one_is_accounted_for(notes: Path) -> None:
    Execution.objects.filter(job_name="a", scheduled_at__lt=PROMISED.last).delete()
    strike_out(notes, f"a {NOON.isoformat()}")
    strike_out(notes, f"a {(NOON + SECOND).isoformat()}")
    change("a", 2, folded=2)
    assert found(notes) == []


def test_a_missing_second_is_found_even_at_the_end(notes: Path) -> None:
    Execution.objects.filter(job_name="a", scheduled_at=PROMISED.last).delete()
    assert found(notes) == [
        f"a: nothing tells of {PROMISED.last}",
        f"a: {PROMISED.last} was started, and is not in the history",
    ]


def test_a_second_that_is_counted_twice_is_found(notes: Path) -> None:
    change("a", 2, folded=1)
    assert found(notes) == [f"a: {NOON + SECOND} is in the history 2 times"]


def test_a_second_outside_of_the_schedule_is_found(notes: Path) -> None:
    change("a", 0, folded=1)
    assert found(notes) == [f"a: {NOON - SECOND} did not exist"]


def test_a_double_start_is_found_that_the_history_knows_nothing_of(notes: Path) -> None:
    with notes.open("a") as file:
        file.write(line("a", NOON, "another"))
    assert found(notes) == [f"a: {NOON} was started 2 times, by {WELL}"]


def test_a_success_that_never_started_is_found(notes: Path) -> None:
    strike_out(notes, f"a {NOON.isoformat()}")
    assert found(notes) == [f"a: {NOON} succeeded at {WELL}, and never started"]


def test_a_start_that_is_recorded_as_anything_else_is_found(notes: Path) -> None:
    change("a", 1, status=Status.FAILED, error="reason")
    assert found(notes) == [f"a: {NOON + SECOND} was started, and is failed at {WELL}: reason"]


def test_a_run_that_has_not_ended_is_found(notes: Path) -> None:
    strike_out(notes, f"a {NOON.isoformat()}")
    change("a", 0, status=Status.QUEUED, node="")
    (fault,) = found(notes)
    assert fault.endswith("still queued at “”")


def test_a_run_that_a_healthy_scheduler_lost_is_found(notes: Path) -> None:
    change("a", 1, status=Status.LOST, error="reason")
    (fault,) = found(notes)
    assert fault.endswith(f"lost by {WELL}, which was well: reason")


def test_a_run_that_a_killed_scheduler_lost_is_none_whether_it_began_or_not(notes: Path) -> None:
    strike_out(notes, f"a {NOON.isoformat()}")
    change("a", 0, status=Status.LOST, node=KILLED)
    change("a", 1, status=Status.LOST, node=KILLED)
    assert found(notes) == []


def test_many_faults_of_a_kind_are_shortened(notes: Path) -> None:
    promised = Promised(PROMISED.names, NOON, NOON + 60 * SECOND)
    lines = faults(promised, notes, unwell=())
    assert len(lines) == 21
    assert lines[-1] == "… and 96 more of this kind"
