"""Issue 8, line 7: processes that a job starts are as in a plain Python program."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from apscheduler.triggers.date import DateTrigger
from django.utils import timezone

from countjobs.models import Execution
from tests.app import starting as children
from tests.support.factories import code_job, store_job
from tests.support.running_schedulers import end, read, scheduler
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

METHODS = ["fork", "spawn", "forkserver"]


def run_once(log: Path, job_id: str, func: object, *args: str) -> Execution:
    """Have a job from code run once in a scheduler of its own. Returns its execution."""
    now = timezone.now()
    store_job(code_job(job_id, DateTrigger(now), func, args=args), due=now)
    with scheduler(log) as process:
        mine = Execution.objects.filter(job_id=job_id)
        wait_until(lambda: mine.filter(finished_at__isnull=False), 120, what=lambda: read(log))
        assert end(process) == 0
    assert read(log).count("Running job") == 1, "no child has gone on as a scheduler"
    return mine.get()


def spoken(who: str) -> list[str]:
    return [f"{who} prints", f"{who} complains", f"{who} writes"]


@pytest.mark.parametrize("method", METHODS)
def test_children_are_heard_and_end_when_they_are_told_to(log: Path, method: str) -> None:
    execution = run_once(log, method, children.start_children, method)
    assert (execution.status, execution.error) == ("succeeded", "")
    assert execution.output == f"{method}: before\n{method}: all ended\n"
    lines = Counter(read(log).splitlines())
    wanted = [f"{method}: before", *spoken(method), f"{method}: all ended"]
    assert {line: lines[line] for line in wanted} == dict.fromkeys(wanted, 1)
    assert f"{method} logs" in read(log)


def test_a_child_forked_by_hand_is_heard(log: Path) -> None:
    execution = run_once(log, "by hand", children.fork_by_hand)
    assert (execution.status, execution.error) == ("succeeded", "")
    assert execution.output == "fork by hand: before\nfork by hand: after\n"
    lines = Counter(read(log).splitlines())
    wanted = ["fork by hand: before", *spoken("by hand"), "fork by hand: after"]
    assert {line: lines[line] for line in wanted} == dict.fromkeys(wanted, 1)
    assert read(log).count("by hand logs") == 1


def test_a_command_that_a_job_runs_is_heard(log: Path) -> None:
    execution = run_once(log, "command", children.run_command)
    assert (execution.status, execution.error) == ("succeeded", "")
    assert {"a command prints", "into our stdout"} <= set(read(log).splitlines())
