"""Building a scheduler."""

from __future__ import annotations

from datetime import UTC
from typing import Any, Literal, overload

from apscheduler.util import astimezone
from django.utils import timezone

from countjobs.checks.database_setup import refuse_what_can_not_work
from countjobs.conf import DEFAULT_EXECUTOR, PROCESSES, THREADS, Conf
from countjobs.executors import ThreadPoolExecutor
from countjobs.executors.processes import ProcessPoolExecutor
from countjobs.executors.side_by_side import Executors
from countjobs.history import lifecycle
from countjobs.history.recorder import Recorder
from countjobs.schedulers.heartbeat import Heartbeat
from countjobs.schedulers.loop import RETRY_SECONDS, BackgroundScheduler, BlockingScheduler


@overload
def create_scheduler(
    *,
    background: Literal[True],
    threads: int | None = ...,
    drain_seconds: float | None = ...,
    **options: Any,
) -> BackgroundScheduler: ...
@overload
def create_scheduler(
    *,
    background: Literal[False] = ...,
    threads: int | None = ...,
    drain_seconds: float | None = ...,
    **options: Any,
) -> BlockingScheduler: ...
def create_scheduler(
    *,
    background: bool = False,
    threads: int | None = None,
    drain_seconds: float | None = None,
    **options: Any,
) -> BackgroundScheduler | BlockingScheduler:
    """A scheduler on the database, ready to be started.

    It runs every definition, and every job that code adds (`add_job`), and records each run.
    Unlike with APScheduler's own default, a job that is late still runs. Jobs may be added before
    the start, and even without one: they are stored at once, and any scheduler may run them.

    Args:
        background: Whether `start` returns at once, and the loop runs in a thread.
        threads: How many runs go on side by side; `COUNTJOBS["THREADS"]` by default.
        drain_seconds: How long `shutdown` waits for runs; `COUNTJOBS["DRAIN_SECONDS"]` by default.
        options: APScheduler's own. `timezone` is the time zone of jobs from code that name none;
            `settings.TIME_ZONE` by default, as for definitions.

    Raises:
        ImproperlyConfigured: The settings are wrong, or don't allow a scheduler to work.
    """
    conf = Conf.load()
    threads = conf.threads if threads is None else threads
    refuse_what_can_not_work(threads)
    recorder = Recorder()
    jobs_timezone = astimezone(options.pop("timezone", None)) or timezone.get_default_timezone()
    options["timezone"] = UTC  # the loop's: two times of one zone are compared by their wall clocks
    options.setdefault("jobstore_retry_interval", RETRY_SECONDS)
    options["job_defaults"] = {"misfire_grace_time": None, **options.get("job_defaults", {})}
    scheduler = (BackgroundScheduler if background else BlockingScheduler)(**options)
    scheduler.jobs_timezone = jobs_timezone
    heartbeat = Heartbeat(threads)
    types = {THREADS: ThreadPoolExecutor, PROCESSES: ProcessPoolExecutor}
    executors = {
        name: types[each.type](
            threads if name == DEFAULT_EXECUTOR else each.size,
            lambda execution_ids: lifecycle.begin(heartbeat.name, execution_ids, timezone.now()),
            lambda execution_ids: lifecycle.put_off(heartbeat.name, execution_ids),
            recorder.put,
            conf.output_bytes,
        )
        for name, each in conf.executor_confs().items()
    }
    drain = conf.drain_seconds if drain_seconds is None else drain_seconds
    scheduler.attach(heartbeat, recorder, Executors(executors), drain)
    return scheduler
