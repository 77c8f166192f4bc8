"""Jobs that code adds: they are stored at once, with their times in the right time zone.

APScheduler stores jobs only once it is started. But a program may add jobs for the schedulers of
other processes to run, as a web server may. So here a job is stored as soon as it is added, whether
or not this scheduler has been started, and can then be looked up, changed and removed.
"""

from __future__ import annotations

from datetime import tzinfo
from inspect import BoundArguments, signature
from typing import Any

from apscheduler.events import EVENT_JOB_REMOVED, JobEvent
from apscheduler.job import Job
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.base import STATE_STOPPED, BaseScheduler
from apscheduler.util import convert_to_datetime, ref_to_obj, undefined
from django.core.exceptions import SynchronousOnlyOperation
from django.db import Error

from countjobs.executors.calling import is_generator_function
from countjobs.jobstores.store import DatabaseJobStore, refuse_definition_id

_ADD_JOB = signature(BaseScheduler.add_job)
_OPTIONS = (
    *("func", "id", "name", "executor"),
    *("misfire_grace_time", "coalesce", "max_instances", "next_run_time"),
)


class StoringScheduler(BaseScheduler):  # type: ignore[misc]  # APScheduler has no types
    """What a scheduler does with jobs from code."""

    jobstore_alias = "default"
    jobs_timezone: tzinfo
    """The zone of triggers and times that name none. The loop itself is in UTC."""
    store: DatabaseJobStore

    def add_job(self, *args: Any, **kwargs: Any) -> Job:
        """As APScheduler's, but the job is stored at once, even before the start.

        Raises ConflictingIdError if there is such a job, ValueError for an id that only a
        definition may have and for a job that can't be pickled, and TypeError for a generator,
        which would run nothing. If the database can't be used before the start, a warning says so,
        and the start stores the job.
        """
        given = _ADD_JOB.bind(self, *args, **kwargs)
        # The store refuses it too, but may get the job only at the start.
        refuse_definition_id(given.arguments.get("id"))
        _refuse_generator(given.arguments["func"])
        self._set_zone(given.arguments)
        with self._jobstores_lock:
            if self.state == STATE_STOPPED:
                try:
                    return self._add_before_start(given)
                except (Error, SynchronousOnlyOperation) as error:
                    self._logger.warning(
                        "A job can't be stored now. It will be stored when the scheduler starts."
                        " The error: %s",
                        error,
                    )
            return super().add_job(*given.args[1:], **given.kwargs)

    def _add_before_start(self, given: BoundArguments) -> Job:
        values = BoundArguments(_ADD_JOB, given.arguments.copy())
        values.apply_defaults()
        value = values.arguments
        if value["jobstore"] != self.jobstore_alias:  # which may be of any kind, not ready yet
            return super().add_job(*given.args[1:], **given.kwargs)
        job = Job(
            self,
            trigger=self._create_trigger(value["trigger"], dict(value["trigger_args"])),
            args=tuple(value["args"] or ()),
            kwargs=dict(value["kwargs"] or {}),
            **{name: value[name] for name in _OPTIONS if value[name] is not undefined},
        )
        self._real_add_job(job, self.jobstore_alias, value["replace_existing"])
        return job

    def modify_job(self, job_id: str, jobstore: str | None = None, **changes: Any) -> Job:
        """As APScheduler's."""
        self._set_zone(changes)
        return super().modify_job(job_id, jobstore, **changes)

    # Time zones

    def _create_trigger(self, trigger: Any, trigger_args: dict[str, Any]) -> Any:
        trigger_args.setdefault("timezone", self.jobs_timezone)
        return super()._create_trigger(trigger, trigger_args)

    def _set_zone(self, options: dict[str, Any]) -> None:
        given = options.get("next_run_time", undefined)
        if given is not undefined:
            at = convert_to_datetime(given, self.jobs_timezone, "next_run_time")
            options["next_run_time"] = at

    # What is stored, before the start too

    def get_jobs(self, jobstore: str | None = None, pending: bool | None = None) -> list[Job]:
        """As APScheduler's."""
        jobs: list[Job] = super().get_jobs(jobstore, pending)
        return jobs + self.store.get_all_jobs() if self._asks_the_store(jobstore) else jobs

    def _lookup_job(self, job_id: str, jobstore: str | None) -> tuple[Job, str | None]:
        try:
            found: tuple[Job, str | None] = super()._lookup_job(job_id, jobstore)
            return found
        except JobLookupError:
            if self._asks_the_store(jobstore) and (job := self.store.lookup_job(job_id)):
                return job, self.jobstore_alias
            raise

    def remove_job(self, job_id: str, jobstore: str | None = None) -> None:
        """As APScheduler's. Raises JobLookupError."""
        try:
            super().remove_job(job_id, jobstore)
        except JobLookupError:
            if not self._asks_the_store(jobstore):
                raise
            self.store.remove_job(job_id)
            self._dispatch_event(JobEvent(EVENT_JOB_REMOVED, job_id, self.jobstore_alias))

    def remove_all_jobs(self, jobstore: str | None = None) -> None:
        """As APScheduler's; those of definitions stay."""
        if self._asks_the_store(jobstore):
            self.store.remove_all_jobs()
        super().remove_all_jobs(jobstore)

    def _asks_the_store(self, jobstore: str | None) -> bool:
        """Whether APScheduler looks only at jobs that wait for the start, so we have to."""
        return self.state == STATE_STOPPED and jobstore in (None, self.jobstore_alias)


def _refuse_generator(func: object) -> None:
    """Refuse what would run nothing. Raises TypeError, and what a wrong reference raises."""
    if is_generator_function(ref_to_obj(func) if isinstance(func, str) else func):
        raise TypeError(f"{func!r} is a generator: calling it runs nothing. Remove its “yield”.")
