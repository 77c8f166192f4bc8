"""`runjob`: a definition is run here and now, and the run is in the history."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from countjobs.executors import current_run
from countjobs.management.commands import runjob
from countjobs.models import CountJob, Execution
from countjobs.models.executions import Status, Trigger
from countjobs.text import shown
from tests.app.models import Greeting
from tests.support.factories import make_definition

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def levels() -> Iterator[None]:
    """The command sets levels for its process; the tests' process goes on."""
    loggers = [logging.getLogger(name) for name in ("", "countjobs", "apscheduler")]
    before = [(logger, logger.level) for logger in loggers]
    yield
    for logger, level in before:
        logger.setLevel(level)


def exit_status(*args: str) -> object:
    with pytest.raises(SystemExit) as ended:
        call_command("runjob", *args)
    return ended.value.code


def test_it_runs_a_definition_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    definition = make_definition("the count", count=2, messages={"one": "one count."})
    call_command("runjob", "the count")
    assert capsys.readouterr().out == "0\n1\n"
    execution = Execution.objects.get()
    assert (execution.job_id, execution.job_name) == (definition.job_id, "the count")
    assert (execution.status, execution.trigger) == (Status.SUCCEEDED, Trigger.MANUAL)
    assert execution.node.endswith(":runjob")
    zero, one, counted, message = execution.output.splitlines()
    assert (zero, one) == ("0", "1")
    assert counted.endswith("INFO 2 count finished.")
    assert message.endswith("INFO one, one count.")


def test_it_runs_a_definition_by_its_job_id(capsys: pytest.CaptureFixture[str]) -> None:
    make_definition("other", count=1)
    definition = make_definition("the count", count=2)
    call_command("runjob", definition.job_id)
    assert Execution.objects.get().job_name == "the count"


def test_it_runs_any_kind_of_definition(capsys: pytest.CaptureFixture[str]) -> None:
    Greeting.objects.create(name="hello", greeted="World", times=2)
    call_command("runjob", "hello")
    assert capsys.readouterr().out == "Hello, World!\nHello, World!\n"
    assert Execution.objects.get().output == "Hello, World!\nHello, World!\n"


def test_it_runs_a_disabled_definition(capsys: pytest.CaptureFixture[str]) -> None:
    make_definition("the count", due=None, enabled=False)
    call_command("runjob", "the count")
    assert Execution.objects.get().status == Status.SUCCEEDED


def test_the_job_can_ask_which_run_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(Greeting, "run", lambda _self: seen.append(current_run()))
    greeting = Greeting.objects.create(name="hello")
    call_command("runjob", "hello")
    [run] = seen
    assert run is not None
    assert (run.job_id, run.job_name) == (greeting.job_id, "hello")
    assert run.scheduled_at == Execution.objects.get().scheduled_at
    assert current_run() is None


def test_who_ran_it_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    make_definition("the count")
    monkeypatch.setattr("getpass.getuser", lambda: "ann")
    call_command("runjob", "the count")
    assert Execution.objects.get().requested_by == "ann"


def test_a_user_without_a_name_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 1234")

    make_definition("the count")
    monkeypatch.setattr("getpass.getuser", nameless)
    call_command("runjob", "the count")
    assert Execution.objects.get().requested_by == ""


def test_a_run_that_fails_shows_its_traceback_ends_with_1_and_is_recorded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(self: CountJob) -> None:
        print("about to fail")
        raise ValueError("reason")

    monkeypatch.setattr(CountJob, "run", fail)
    make_definition("the count")
    assert exit_status("the count") == 1
    shown = capsys.readouterr()
    assert shown.out == "about to fail\n"
    assert "Traceback" in shown.err
    assert shown.err.endswith("ValueError: reason\n")
    execution = Execution.objects.get()
    assert (execution.status, execution.error) == (Status.FAILED, "ValueError: reason")
    assert "in fail" in execution.traceback


def test_ctrl_c_is_recorded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(self: CountJob) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(CountJob, "run", interrupt)
    make_definition("the count")
    assert exit_status("the count") == 1
    assert Execution.objects.get().error == "KeyboardInterrupt"


@pytest.mark.parametrize(
    "name",
    [
        "nobody",
        "",
        "countjobs.countjob:999",
        f"countjobs.countjob:{10**30}",
        "countjobs.countjob:x",
        "countjobs.countjob:",
        "auth.user:1",
        ":",
        os.fsdecode(b"\xff\xfe"),
    ],
)
def test_a_name_that_nobody_has_is_refused(name: str) -> None:
    make_definition("the count")
    with pytest.raises(CommandError, match=f"No definition is called “{re.escape(shown(name))}”."):
        call_command("runjob", name)
    assert not Execution.objects.exists()


def test_a_name_that_two_have_is_refused_with_their_ids() -> None:
    count = make_definition("same")
    greeting = Greeting.objects.create(name="same", greeted="World")
    with pytest.raises(CommandError, match="More than one") as refused:
        call_command("runjob", "same")
    assert count.job_id in str(refused.value)
    assert greeting.job_id in str(refused.value)
    assert runjob.find_definition(greeting.job_id) == greeting


def test_promise_22_its_output_is_capped(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.COUNTJOBS = {"OUTPUT_BYTES": 1_024}
    make_definition("the count", count=5_000)
    call_command("runjob", "the count")
    output = Execution.objects.get().output
    assert "bytes cut" in output
    assert output.startswith("0\n1\n2\n")
    assert output.rstrip().endswith("5000 count finished.")
    assert len(output) < 1_100
    assert capsys.readouterr().out.endswith("4999\n")
