"""What your own code imports. Every name here is in docs/api.md, and stays.

The apps must be loaded first, as for any import of models.
"""

from countjobs.history.holding import hold as hold_jobs
from countjobs.history.holding import release as release_jobs
from countjobs.history.requests import cancel_run, cancel_runs, request_run, request_runs
from countjobs.models import (
    CommandJob,
    CountJob,
    Execution,
    FunctionJob,
    JobDefinition,
    JobDefinitionQuerySet,
)
from countjobs.models.countjob import count_job
from countjobs.models.writes import saved_together
from countjobs.run_context import GiveUp, StopRun, TryLater, current_run, progress
from countjobs.schedulers import BackgroundScheduler, BlockingScheduler, create_scheduler

__all__ = [
    "BackgroundScheduler",
    "BlockingScheduler",
    "CommandJob",
    "CountJob",
    "Execution",
    "FunctionJob",
    "GiveUp",
    "JobDefinition",
    "JobDefinitionQuerySet",
    "StopRun",
    "TryLater",
    "cancel_run",
    "cancel_runs",
    "count_job",
    "create_scheduler",
    "current_run",
    "hold_jobs",
    "progress",
    "release_jobs",
    "request_run",
    "request_runs",
    "saved_together",
]
