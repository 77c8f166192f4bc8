"""Executors: where runs are carried out, their output captured, their outcome reported."""

from countjobs.executors.threads import ThreadPoolExecutor
from countjobs.run_context import current_run

__all__ = ["ThreadPoolExecutor", "current_run"]
