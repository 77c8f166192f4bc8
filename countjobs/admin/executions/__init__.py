"""The pages of runs: their list, and the page of each run."""

from countjobs.admin.executions.admin import ExecutionAdmin

__all__ = ["ExecutionAdmin"]
