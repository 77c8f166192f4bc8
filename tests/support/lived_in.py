"""A database in which a lot has happened: rows of every kind, for looking at pages.

The numbers of the rows that have pages of their own are constants. No scheduler lives.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.utils import timezone
from django_apscheduler.models import DjangoJob

from countjobs.models import (
    CommandJob,
    CountJob,
    Declaration,
    Execution,
    FunctionJob,
    ParkedJob,
    SchedulerNode,
    ScheduleType,
)
from countjobs.models.executions import Status, Trigger
from tests.support.alerting import live_alerted
from tests.support.factories import make_due, make_execution, make_node
from tests.support.watches import pause_itself, silence

SHORT, LONG, FOREIGN, PAUSED, BROKEN, ENDED = range(1, 7)
"""Definitions: one of each look."""

GREETING, GONE, NOT_DECLARED = range(1, 4)
"""Function jobs: declared and changed, one whose function is gone, one that is not declared."""

COMMAND = 1
"""A command job."""

SUCCEEDED, FAILED, RUNNING, QUEUED, ATTEMPT, STOPPING = range(1, 7)
"""Executions that have pages worth looking at; there are more, of every status."""

CHANNEL, ALERT = 1, 1
"""An alert channel whose messages don't arrive, and one of its alerts."""

NODE = "00000000-0000-0000-0000-000000000001"
"""A scheduler that was heard of a while ago."""

LONG_NAME = "nightly-settlement-" * 10 + "0123456789"
FOREIGN_NAME = "\u202e\u05e9\u05dc\u05d5\u05dd <b>bold</b> 毎日の集計\u202c"
MESSAGES = {
    "one": "one count.",
    "a key as long as this " * 5: "text " * 60,
    "\u05e9": "\u202e\u05dc\u05d5\u05dd",
}
CODE_JOB = "from.code:" + "x" * 200
_MINUTE = timedelta(minutes=1)


def live_in() -> None:
    """Fill an empty database. Definitions with few rows and many, schedules plain and odd."""
    now = timezone.now().replace(microsecond=0)
    _define()
    make_due(CountJob(pk=SHORT).job_id, now - 90 * _MINUTE)
    _run(now)
    ParkedJob.objects.create(
        job_id=CountJob(pk=BROKEN).job_id, error="ValueError: " + "e" * 300, parked_at=now
    )
    ParkedJob.objects.create(job_id=CODE_JOB, error="No module named gone", parked_at=now)
    long_ago = now - 90 * _MINUTE
    make_node(long_ago, uuid=NODE, host="worker-" + "7" * 200)
    make_node(long_ago, state=SchedulerNode.State.STOPPED, given_up=2)
    silence(CountJob.objects.get(pk=LONG), long_ago)
    pause_itself(CountJob.objects.get(pk=PAUSED), now)
    live_alerted(now, {FAILED: CountJob.objects.get(pk=LONG)})


def _define() -> None:
    CountJob.objects.create(pk=SHORT, name="count", second="*/5", messages=MESSAGES)
    CountJob.objects.create(
        pk=LONG,
        name=LONG_NAME,
        description="d" * 500,
        day="1-7,last fri",
        day_of_week="mon-fri",
        hour="9,12,15",
        minute="5-55/10",
        timezone="America/Argentina/ComodRivadavia",
        retries=3,
    )
    CountJob.objects.create(pk=FOREIGN, name=FOREIGN_NAME, timezone="Asia/Tokyo")
    CountJob.objects.create(pk=PAUSED, name="paused", enabled=False, time_limit=60, retries=3)
    CountJob.objects.create(pk=BROKEN, name="broken", hour="3")
    _define_groups()
    _define_calls()


def _define_groups() -> None:
    over = timezone.now() - timedelta(days=9)
    once = {"schedule_type": ScheduleType.ONCE, "run_at": over, "group": "migrations"}
    ended = CountJob.objects.create(pk=ENDED, name="ended", **once)
    DjangoJob.objects.filter(id=ended.job_id).update(next_run_time=None)
    often = {"schedule_type": ScheduleType.INTERVAL, "every": 90}
    CountJob.objects.create(name="every 90 seconds", group=FOREIGN_NAME[:60], **often)


def _define_calls() -> None:
    words = ["one", "two words " * 30, "\u202e\u05dc\u05d5\u05dd 毎日の集計"]
    given = {"user": User.objects.get_or_create(username=FOREIGN_NAME[:30])[0].pk, "words": words}
    greeting = {"function": "project.jobs.greet", "arguments": given, "hour": "9", "minute": "0"}
    greet = FunctionJob.objects.create(pk=GREETING, name="greet", **greeting)
    values = {"name": "greet", "hour": "8", "arguments": {**given, "words": []}}
    Declaration.objects.create(name="greet", definition=greet, values=values)
    gone = {"function": "shop.jobs." + "gone_" * 30, "arguments": {"a": 1}, "hour": "9"}
    FunctionJob.objects.create(pk=GONE, name=LONG_NAME, **gone)
    left = FunctionJob.objects.create(
        pk=NOT_DECLARED, name="old", function="project.jobs.count", enabled=False
    )
    Declaration.objects.create(name="old", definition=left, gone_at=timezone.now())
    CommandJob.objects.create(
        pk=COMMAND, name="purge", command="purgeexecutions", arguments="--days 30", hour="3"
    )


def _run(now: datetime) -> None:
    output = "\n".join(f"2026-03-04 12:00:00 INFO line {n}" for n in range(400)) + "\n" + "w" * 999
    wrong = {"error": "ZeroDivisionError: " + "z" * 200, "traceback": "Traceback\n  " + "t" * 300}
    _ran(now, SHORT, Status.SUCCEEDED, pk=SUCCEEDED, output=output, folded=123_456)
    _ran(now, LONG, Status.FAILED, pk=FAILED, output="begun", **wrong)
    begun = now - 2 * _MINUTE
    _ran(now, FOREIGN, Status.RUNNING, pk=RUNNING, output="so far", started_at=begun)
    _ran(now, SHORT, Status.QUEUED, pk=QUEUED, parameters={"count": 5, "messages": MESSAGES})
    Execution.objects.filter(pk=FAILED).update(next_attempt=ATTEMPT)
    chain = {"trigger": Trigger.RETRY, "attempt": 2, "first_attempt": FAILED}
    _ran(now, LONG, Status.QUEUED, pk=ATTEMPT, not_before=now + timedelta(days=9), **chain)
    asked = {"cancel_requested_at": now, "cancel_requested_by": "somebody with a long name " * 9}
    how_far = {"progress_done": 1_234, "progress_total": 5_678, "output": output}
    _ran(now, LONG, Status.RUNNING, pk=STOPPING, started_at=begun, **asked, **how_far)
    for minutes, status in enumerate(Status, start=1):
        _ran(now - minutes * _MINUTE, SHORT, status, node="worker:7:0123abcd")
        _ran(now - minutes * _MINUTE, LONG, status, node="worker-" + "7" * 200 + ":7:0123abcd")
    _ran(now - _MINUTE, PAUSED, Status.TIMED_OUT)
    make_execution(job_id=CODE_JOB, job_name=CODE_JOB, scheduled_at=now)


def _ran(due: datetime, number: int, status: Status, **fields: object) -> Execution:
    definition = CountJob.objects.get(pk=number)
    begun = None if status in {Status.QUEUED, Status.MISSED, Status.SKIPPED} else due
    ended = None if begun is None or status == Status.RUNNING else due + timedelta(seconds=number)
    values = {
        "job_id": definition.job_id,
        "job_name": definition.name,
        "scheduled_at": due - timedelta(milliseconds=7),
        "started_at": begun,
        "finished_at": ended,
        "trigger": Trigger.MANUAL,
        "requested_by": "somebody",
    }
    return make_execution(status, **{**values, **fields})
