"""The models: definitions (when and what), runs (the history), and schedulers."""

from countjobs.models.commandjob import CommandJob
from countjobs.models.countjob import CountJob
from countjobs.models.declarations import Declaration
from countjobs.models.definitions import JobDefinition
from countjobs.models.executions import Execution
from countjobs.models.failing_jobs import FailingJob
from countjobs.models.functionjob import FunctionJob
from countjobs.models.holds import Hold
from countjobs.models.nodes import SchedulerNode
from countjobs.models.parked import ParkedJob
from countjobs.models.schedule_fields import ScheduleType
from countjobs.models.watches import JobWatch
from countjobs.models.writes import (
    JobDefinitionQuerySet,
    definitions_changed,
    definitions_deleted,
)

__all__ = [
    "CommandJob",
    "CountJob",
    "Declaration",
    "Execution",
    "FailingJob",
    "FunctionJob",
    "Hold",
    "JobDefinition",
    "JobDefinitionQuerySet",
    "JobWatch",
    "ParkedJob",
    "ScheduleType",
    "SchedulerNode",
    "definitions_changed",
    "definitions_deleted",
]
