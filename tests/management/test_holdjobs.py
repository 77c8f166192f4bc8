"""`holdjobs` and `releasejobs`: hold all jobs, and release them, from a terminal."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from countjobs.history.holding import current_hold, hold
from countjobs.models import CountJob, Execution
from countjobs.models.executions import Status
from tests.support.factories import NOON, make_node

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon_clock")]

HELD = "since 2026-03-04 12:00:00 UTC by ann: upgrade"


def said(capsys: pytest.CaptureFixture[str], *args: Any) -> str:
    call_command(*args)
    return capsys.readouterr().out


def test_it_holds_all_jobs(capsys: pytest.CaptureFixture[str]) -> None:
    told = said(capsys, "holdjobs", "--reason", "upgrade", "--by", "ann")
    assert told == "All jobs are held. Runs in progress go on.\n"
    found = current_hold()
    assert found is not None
    assert (found.reason, found.held_by, found.held_at) == ("upgrade", "ann", NOON)


def test_it_says_who_holds_them_if_they_are_held_already(
    capsys: pytest.CaptureFixture[str],
) -> None:
    hold("upgrade", "ann")
    told = said(capsys, "holdjobs", "--reason", "other", "--by", "bob")
    assert told == f"All jobs are held already, {HELD}\n"


def test_by_default_it_is_the_user_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "operator")
    call_command("holdjobs", "--reason", "upgrade")
    found = current_hold()
    assert found is not None
    assert found.held_by == "operator"


@pytest.mark.parametrize("reason", [" ", "x" * 2_001])
def test_a_bad_reason_is_refused(reason: str) -> None:
    with pytest.raises(CommandError, match=r"\w"):
        call_command("holdjobs", "--reason", reason)
    assert current_hold() is None


def test_it_asks_for_a_reason() -> None:
    with pytest.raises(CommandError, match="--reason"):
        call_command("holdjobs")


def test_they_are_released_once(capsys: pytest.CaptureFixture[str]) -> None:
    hold("upgrade", "ann")
    assert said(capsys, "releasejobs") == f"All jobs are released. They were held {HELD}\n"
    assert said(capsys, "releasejobs") == "All jobs are released already.\n"


def test_a_hostile_reason_breaks_no_line_of_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    hold("up\n\x1b[31mgrade", "ann\n")
    assert said(capsys, "releasejobs").count("\n") == 1


# Other commands


def test_schedulerstatus_says_so_and_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    make_node()
    hold("upgrade", "ann")
    assert f"All jobs are held {HELD}\n" in said(capsys, "schedulerstatus")
    state = json.loads(said(capsys, "schedulerstatus", "--json"))
    assert state["status"] == 0
    since = state["held"].pop("since")
    assert datetime.fromisoformat(since) == NOON
    assert state["held"] == {"reason": "upgrade", "by": "ann"}


def test_for_programs_it_says_none_if_they_are_not_held(
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_node()
    assert json.loads(said(capsys, "schedulerstatus", "--json"))["held"] is None


def test_runjob_still_runs_here_and_now() -> None:
    CountJob.objects.create(name="count", count=1)
    hold("upgrade")
    call_command("runjob", "count")
    assert Execution.objects.get().status == Status.SUCCEEDED
