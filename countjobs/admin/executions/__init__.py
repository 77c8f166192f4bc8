"""The pages of the history: the list of runs, and the page of each."""

from countjobs.admin.executions.admin import ExecutionAdmin

__all__ = ["ExecutionAdmin"]
