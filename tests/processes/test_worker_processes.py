"""The executor `processes` in a real scheduler: what jobs can do there is as in threads."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from countjobs.history.requests import request_run
from countjobs.models import CountJob, Execution, SchedulerNode
from tests.app import hard, jobs
from tests.app.models import Gate, Greeting, Label
from tests.support.factories import code_job, once, store_job
from tests.support.process_marks import VARIABLE, marked
from tests.support.running_schedulers import end, read, scheduler
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

PAUSED = {"executor": "processes", "enabled": False}
GOOD = 12
PROCESSES = '{"PROCESSES": 4}'


def add(job_id: str, func: Any, *args: Any, executor: str = "processes") -> None:
    """A job from code that is due now, and no second time."""
    now = timezone.now()
    job = code_job(job_id, once(now), func, args=args, next_run_time=now, executor=executor)
    store_job(job, due=now)


def ended(job_id: str, log: Path) -> Execution:
    """The run of a job, when it has ended."""
    mine = Execution.objects.filter(job_id=job_id, finished_at__isnull=False)
    wait_until(mine.exists, 60, what=lambda: read(log))
    return mine.get()


def going_on(job_id: str, log: Path, output: str) -> Execution:
    """The run of a job that has said something, as its row tells it."""
    mine = Execution.objects.filter(job_id=job_id, status="running", output__contains=output)
    wait_until(mine.exists, 60, what=lambda: read(log))
    return mine.get()


def nothing_is_left(mark: str) -> None:
    wait_until(lambda: not marked(mark), 10, what=lambda: f"for the end of {marked(mark)}")


def test_kinds_parameters_and_jobs_from_code_work(log: Path) -> None:
    count = CountJob.objects.create(name="count", messages={"b": "ü", "a": "2"}, count=2, **PAUSED)
    greeting = Greeting.objects.create(name="greeting", greeted="you", **PAUSED)
    label = Label.objects.create(name="label", slug="an own key", **PAUSED)
    for each in (count, greeting, label):
        parameters = {"times": 2} if each is greeting else {}
        request_run(each.job_id, each.name, parameters=parameters)
    add("greet", jobs.greet, "code")
    add("async", hard.count_rows_async)
    with scheduler(log) as process:
        runs = [ended(each.job_id, log) for each in (count, greeting, label)]
        runs += [ended(job_id, log) for job_id in ("greet", "async")]
        assert end(process) == 0
    assert [each.status for each in runs] == ["succeeded"] * 5, [each.error for each in runs]
    counted, greeted, labelled, from_code, awaited = (each.output for each in runs)
    lines = counted.splitlines()
    assert lines[:2] == ["0", "1"]
    logged = [line.partition(" INFO ")[2] for line in lines[2:]]
    assert logged == ["2 count finished.", "b, ü", "a, 2"]
    assert greeted == "Hello, you!\nHello, you!\n"
    assert labelled == "an own key plain \n"
    assert from_code == "Hello, code!\n"
    assert awaited.startswith("rows: ")
    said = read(log).splitlines()
    assert {"Hello, code!", "Hello, you!"} <= set(said), "the terminal has it, too"
    assert [line for line in said if line.endswith(" INFO b, ü")]


def test_nothing_is_started_where_nothing_uses_it(log: Path, mark: str) -> None:
    add("greet", jobs.greet, "threads", executor="default")
    with scheduler(log, **{VARIABLE: mark}) as process:
        ended("greet", log)
        assert set(marked(mark)) == {process.pid}
    nothing_is_left(mark)


def test_output_and_progress_are_written_while_it_goes_on(log: Path, tmp_path: Path) -> None:
    file = tmp_path / "gate"
    gate = Gate.objects.create(name="gate", file=str(file), **PAUSED)
    request_run(gate.job_id, gate.name)
    with scheduler(log):
        run = going_on(gate.job_id, log, "begun")
        assert (run.progress_done, run.progress_total) == (1, 3)
        file.touch()
        run = ended(gate.job_id, log)
    assert (run.status, run.output) == ("succeeded", "begun\nended\n")
    assert (run.progress_done, run.progress_total) == (1, 3)


def test_promise_23_the_drain_lets_a_run_in_a_process_end(
    log: Path, mark: str, tmp_path: Path
) -> None:
    file = tmp_path / "gate"
    gate = Gate.objects.create(name="gate", file=str(file), **PAUSED)
    request_run(gate.job_id, gate.name)
    with scheduler(log, **{VARIABLE: mark}) as process:
        wait_until(lambda: gate.has_begun)
        for pid in marked(mark):  # as systemd does
            os.kill(pid, signal.SIGTERM)
        wait_until(SchedulerNode.objects.filter(state="draining").exists)
        file.touch()
        assert process.wait(60) == 0, read(log)
    run = Execution.objects.get()
    assert (run.status, run.output) == ("succeeded", "begun\nended\n")
    nothing_is_left(mark)


def test_a_run_that_outlasts_the_drain_is_lost_and_killed(log: Path, mark: str) -> None:
    add("children", hard.start_hard_children)
    with scheduler(log, "--drain-timeout", "0.2", **{VARIABLE: mark}) as process:
        going_on("children", log, "started")
        began = time.monotonic()
        assert end(process) == 1
        assert time.monotonic() - began < 10
    run = Execution.objects.get()
    assert run.status == "lost"
    assert "had not finished" in run.error
    nothing_is_left(mark)


POOR = {"DJANGO_SETTINGS_MODULE": "tests.support.poor_settings", "LACKS": "pidfd"}
"""A system whose kernel doesn't tell when a process ends."""


@pytest.mark.parametrize(
    ("job", "system"),
    [(hard.loop_in_c, {}), (hard.start_hard_children, {}), (hard.loop_in_c, POOR)],
)
def test_promise_09_a_killed_scheduler_leaves_no_process(
    log: Path, mark: str, job: Any, system: dict[str, str]
) -> None:
    add("idle", jobs.greet, "you")
    with scheduler(log, **{VARIABLE: mark}, **system) as process:
        ended("idle", log)
        add("job", job)
        mine = Execution.objects.filter(job_id="job", status="running")
        wait_until(lambda: mine.exclude(output="").exists(), 60, what=lambda: read(log))
        assert len(marked(mark)) >= 3
        process.kill()
        process.wait()
        nothing_is_left(mark)
    assert mine.exists(), "whoever finds its lease over will settle it"


@pytest.mark.parametrize("system", [{}, POOR])
def test_promise_09_nor_where_a_child_of_another_job_has_copies_of_all_its_files(
    log: Path, mark: str, tmp_path: Path, system: dict[str, str]
) -> None:
    file = tmp_path / "end"
    add("loop", hard.loop_in_c)
    with scheduler(log, **{VARIABLE: mark}, **system) as process:
        going_on("loop", log, "looping")
        add("fork", hard.leave_a_child, str(file), executor="default")
        child = int(ended("fork", log).output)
        process.kill()
        process.wait()
        try:
            wait_until(lambda: set(marked(mark)) == {child}, 10, what=lambda: f"{marked(mark)}")
        finally:
            file.touch()
    nothing_is_left(mark)


def test_a_frozen_scheduler_finds_how_its_runs_have_ended(log: Path, tmp_path: Path) -> None:
    file = tmp_path / "gate"
    gate = Gate.objects.create(name="gate", file=str(file), **PAUSED)
    request_run(gate.job_id, gate.name)
    with scheduler(log) as process:
        wait_until(lambda: gate.has_begun)
        process.send_signal(signal.SIGSTOP)
        try:
            file.touch()
            wait_until(lambda: "\nended" in read(log), 20, what="for the run's end")
        finally:
            process.send_signal(signal.SIGCONT)
        run = ended(gate.job_id, log)
    assert (run.status, run.output) == ("succeeded", "begun\nended\n")


def test_runs_that_crash_touch_no_good_job(log: Path, mark: str) -> None:
    """In line 1 of issue 10 their lateness is bounded, too."""
    for number in range(GOOD):
        add(f"good {number}", hard.count_rows)
    bad = {
        "exit": (hard.exit_at_once, (3,), "Its worker process ended with exit status 3."),
        "crash": (hard.segfault, (), "Its worker process was ended by SIGSEGV."),
        "kill": (hard.kill_itself, (), "Its worker process was ended by SIGKILL."),
        "children": (hard.start_children_and_crash, (), "ended with exit status 3."),
    }
    for name, (func, args, _) in bad.items():
        add(name, func, *args)
    with scheduler(log, TEST_COUNTJOBS=PROCESSES, **{VARIABLE: mark}) as process:
        for name, (_, _, error) in bad.items():
            run = ended(name, log)
            assert run.status == "failed"
            assert error in run.error
            assert run.output == ("" if name == "children" else "ending\n")
        good = [ended(f"good {number}", log) for number in range(GOOD)]
        assert end(process) == 0
    assert Counter(run.status for run in good) == {"succeeded": GOOD}
    nothing_is_left(mark)


def test_processes_are_out_of_reach_of_the_terminals_signals(log: Path, mark: str) -> None:
    add("sleep", hard.sleep_long)
    with scheduler(log, "--drain-timeout", "0", **{VARIABLE: mark}) as process:
        going_on("sleep", log, "sleeping")
        others = set(marked(mark)) - {process.pid}
        assert len(others) == 2
        assert {os.getsid(pid) for pid in others} & {os.getsid(process.pid)} == set()
        assert len({os.getpgid(pid) for pid in others}) == 2
    nothing_is_left(mark)
